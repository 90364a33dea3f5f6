"""`python -m node.cli` is `kim-node`."""

from node.cli import main

main(prog_name="kim-node")
