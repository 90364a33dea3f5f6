"""The audit: an attack on what is published, independent of how it came about."""
