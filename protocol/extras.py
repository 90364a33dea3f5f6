"""What a program says where its packages were not installed: `pip install .` brings those of kim-verify only.

It needs nothing but the standard library, since nothing else may be there.
"""

from __future__ import annotations

from typing import Final

#: Packages of this product: one of these that is missing is a fault of the product.
_OWN: Final = frozenset({"aggregation", "hub", "node", "protocol"})


def ended_without(missing: ModuleNotFoundError, *, program: str, extra: str) -> SystemExit:
    """Return the end of a program whose packages are not there, with what installs them.

    Args:
        missing: what Python found missing.
        program: its command.
        extra: the extra that brings its packages.

    Raises:
        ModuleNotFoundError: ``missing`` itself, if it is a module of this product.
    """
    name = (missing.name or "").partition(".")[0]
    if name in _OWN:
        raise missing
    install = f"pip install '.[{extra}]'"
    return SystemExit(
        f"{program}: Es fehlt das Paket {name}. Im Quellordner: {install}\n"
        f"{program}: The package {name} is missing. In the source folder: {install}"
    )
