"""Builders of valid example objects for tests."""
