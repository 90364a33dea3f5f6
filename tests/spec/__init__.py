"""Tests that the written specification and the code say the same."""
