"""`python -m runafter`."""

from runafter.cli.main import main

main()
