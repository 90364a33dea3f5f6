"""Tests of several parts together, over real files, databases and loopback sockets."""
