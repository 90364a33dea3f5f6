"""The result of the demo: everything that was found in one verdict, and the same as tables for a person.

Imports `course` and `comparison`, whose findings it puts together, `truth` and `lists`.
"""
