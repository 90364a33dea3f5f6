"""Test vectors of others (`SOURCES.md`), and the tests that replay them through our own code."""
