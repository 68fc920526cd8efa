"""`python -m terrella`."""

from terrella.cli.main import main

main()
