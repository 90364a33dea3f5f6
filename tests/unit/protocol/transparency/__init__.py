"""Tests of the log's formats."""
