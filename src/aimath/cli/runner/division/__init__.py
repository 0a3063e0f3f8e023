"""The division of work: units, processes, parts, and their states."""
