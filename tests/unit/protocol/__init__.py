"""Unit tests of the package protocol."""
