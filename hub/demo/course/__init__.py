"""The course of the demo: real hub, real nodes, their officers and witnesses, up to the release.

Imports `generator`, which makes the lists just before a node reads them, `comparison`, which counts the
checks of what witnesses keep, and `lists`, for the plans.
"""
