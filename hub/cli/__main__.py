"""`python -m hub.cli` is `kim-hub`."""

from hub.cli import main

main(prog_name="kim-hub")
