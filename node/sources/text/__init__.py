"""Text files: CSV, read whole if possible and carefully if not, and JSON lines."""
