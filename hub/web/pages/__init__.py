"""What each template gets: one frozen context per page, complete, so that a template only lays out.

Each module has one page: it opens one view of one release, asks one or two use cases, and words the answer
through the sections.
"""
