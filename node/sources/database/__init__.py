"""Databases: a table or view, read in one transaction, and what a person is told when it refuses."""
