"""From arguments, stdin and files to blocks of float64 rows."""
