"""Tests of whole programs: commands, a running hub, a browser."""
