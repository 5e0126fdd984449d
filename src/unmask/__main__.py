"""``python -m unmask``: the command line where no script was installed."""

from unmask.cli import main

main()
