"""A program without its packages says what installs them, in both languages, instead of a traceback."""

import pytest

from protocol.extras import ended_without


def test_the_missing_package_is_named_with_what_installs_it() -> None:
    missing = ModuleNotFoundError("No module named 'rich.console'", name="rich.console")
    ended = ended_without(missing, program="kim-hub", extra="hub")
    assert ended.code == (
        "kim-hub: Es fehlt das Paket rich. Im Quellordner: pip install '.[hub]'\n"
        "kim-hub: The package rich is missing. In the source folder: pip install '.[hub]'"
    )


@pytest.mark.parametrize("name", ["aggregation", "hub.cli.command", "node", "protocol.texts"])
def test_a_module_of_the_product_that_is_missing_is_a_fault_and_stays_one(name: str) -> None:
    missing = ModuleNotFoundError(name=name)
    with pytest.raises(ModuleNotFoundError) as raised:
        ended_without(missing, program="kim-hub", extra="hub")
    assert raised.value is missing
