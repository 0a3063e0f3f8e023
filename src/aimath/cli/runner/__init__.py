"""The run of a command: its job, each block of rows, the errors of rows."""
