"""The command line: arguments to core, core to reports, reports to bytes."""
