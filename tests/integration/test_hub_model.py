"""The hub beside a small model of it, under kills, restarts, replays, changes of keys and old backups."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.factories.hub_machine import HubMachine

#: In `make soak` more (`tests/soak`).
EXAMPLES = int(os.environ.get("KIM_MODEL_EXAMPLES", "10"))
STEPS = int(os.environ.get("KIM_MODEL_STEPS", "40"))


@pytest.mark.slow
def test_the_hub_does_what_the_model_says() -> None:
    run_state_machine_as_test(
        HubMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
