"""What the node counts, and shows in the house before anything leaves: sources, doubts, dossier, corrections.

Imports `identity` (whose keys seal a draft), `frame` and `terminal`; nothing here delivers.
"""
