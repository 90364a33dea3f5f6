"""Tests of `kim-protect`, from rules to files."""
