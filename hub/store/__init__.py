"""The hub's memory: relational tables, migrations, unit of work, content-addressed blobs.

Rows never leave this package as driver objects: readers get frozen dataclasses or plain mappings.
"""
