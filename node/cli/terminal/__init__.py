"""What the commands print, and in which words: sentences, tables, progress, names of deliveries and states.

Imports no other room of the commands.
"""
