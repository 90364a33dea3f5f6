"""The process environment, read once; no other module of the node looks at it.

(The HTTP library reads the proxy variables itself; see :mod:`node.hub_client`.)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LANGUAGE_VARIABLE: Final = "KIM_LANG"
CONFIG_VARIABLE: Final = "KIM_NODE_CONFIG"
FAILPOINT_VARIABLE: Final = "KIM_FAILPOINT"
#: Set by systemd for a service that has credentials.
CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment may say to the node.

    Attributes:
        language: ``KIM_LANG``, or None.
        config: ``KIM_NODE_CONFIG``, the path of the configuration file, or None.
        failpoint: ``KIM_FAILPOINT``, the place where a test wants the process to die, or None.
        credentials: ``CREDENTIALS_DIRECTORY``, the folder of systemd's credentials, or None.
    """

    language: str | None = None
    config: str | None = None
    failpoint: str | None = None
    credentials: str | None = None

    @classmethod
    def read(cls, variables: Mapping[str, str] | None = None) -> Environment:
        """Read the environment of the process, or the mapping given."""
        source = os.environ if variables is None else variables
        return cls(
            language=source.get(LANGUAGE_VARIABLE) or None,
            config=source.get(CONFIG_VARIABLE) or None,
            failpoint=source.get(FAILPOINT_VARIABLE) or None,
            credentials=source.get(CREDENTIALS_VARIABLE) or None,
        )
