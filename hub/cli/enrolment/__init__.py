"""`kim-hub enrol` and `kim-hub suspend`: how nodes come to their keys, and how they lose them.

What is decided here is prepared for the officers' signatures where officers govern the hub, and takes effect
at once on a test bench. A token is printed once, on standard output; it is in no log and no file.
"""
