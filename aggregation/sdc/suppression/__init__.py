"""Complementary suppression: which further cells to withhold so that no sensitive cell can be computed."""
