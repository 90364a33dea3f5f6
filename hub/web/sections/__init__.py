"""The parts of the page: each turns a report of `hub.services.statistics` into what its template shows.

Sections decide how things read and where they stand; they ask the store nothing and compute no figure.
"""
