"""What is true: counted in plain loops from what the rows must become, and kept as an answer key.

Invariants: no code of the aggregation package and no array; nobody here ever reads a list.
Imports `world` and `lists`, for facts and plans; it knows neither errors nor their generator.
"""
