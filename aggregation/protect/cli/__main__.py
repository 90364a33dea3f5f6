"""`python -m aggregation.protect.cli` is `kim-protect`."""

from aggregation.protect.cli.command import main

main()
