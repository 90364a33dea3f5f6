"""What a page shows, as files: CSV (one table) and XLSX (all tables of the page and a sheet of notes).

Invariants: a file holds the same figures as the page, never fewer; a withheld cell has no value but a status;
numbers use ``.`` and dates ISO 8601 whatever the language; no text can act as a formula.
"""
