"""Unit tests of the package aggregation."""
