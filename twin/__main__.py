"""`python -m twin`: the command line where no script is installed."""

from twin.cli.main import main

main()
