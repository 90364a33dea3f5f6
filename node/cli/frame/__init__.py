"""What surrounds every command of a configured node: its session, its log, its language, its end.

Imports `terminal`.
"""
