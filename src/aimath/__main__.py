"""`python -m aimath` is the command `aimath`."""

from aimath.cli.app import main

main()
