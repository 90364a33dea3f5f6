"""Tests of use cases that need no database."""
