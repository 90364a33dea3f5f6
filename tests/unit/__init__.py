"""Tests of one module each; folders mirror the packages."""
