"""Which nodes there are, for which areas, and who decides on that."""
