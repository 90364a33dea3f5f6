"""The whole test suite: unit mirrors the packages, the other folders are named for what they check."""
