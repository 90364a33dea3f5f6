"""`kim-hub demo` without the minutes: the real hub of the demo runs, but no area delivers to it.

For tests of what comes after the summary; that all areas deliver and every check holds is tested with the
whole command. Runs as a program: `python -m tests.factories.short_demo demo --home ...`.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

from hub.cli import main
from hub.demo import command
from hub.demo.comparison.judgement import Check, Judgement
from hub.demo.course.steps import Course
from hub.demo.result.summary import HubCost, Summary, summarise
from protocol.regions import Region


def _only_the_hub(course: Course, areas: Sequence[Region], jobs: int, **told: Any) -> Summary:
    """Start the hub as the demo does, and find everything in order."""
    course._must("kim-hub", "init", "--home", course.hub_home, log="hub-init")
    course.start_hub()
    judgement = Judgement()
    judgement.check(Check.VALUE_TRUE, holds=True, where="")
    return summarise([], {}, judgement, costs={}, hub=HubCost(), url=course.url)


if __name__ == "__main__":
    # A suite that runs in a shell's background inherits an ignored Ctrl-C; a person's terminal does not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command._run = _only_the_hub
    main()
