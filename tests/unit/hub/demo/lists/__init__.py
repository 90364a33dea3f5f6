"""Unit tests of the package hub.demo.lists."""
