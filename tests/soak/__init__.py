"""What takes longer than a change may wait for (`make soak`): fuzzing, model runs, chaos, mutation testing.

The suite runs the same programs in small (`tests/integration/test_arrow_fuzzing.py` and beside it).
"""
