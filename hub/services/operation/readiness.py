"""Can this hub work right now: database reachable, schema known, log not halted and signed, sandbox up."""

from sqlalchemy.exc import SQLAlchemyError

from hub.services.context import HubContext
from hub.services.transparency.rounds import waits_too_long
from hub.store import schema
from protocol.errors import KimError


def not_ready_because(context: HubContext) -> list[str]:
    """Return the names of the parts that fail; empty if all is well."""
    failing: list[str] = []
    try:
        if schema.stored_revision(context.database.engine) != schema.KNOWN_REVISION:
            failing.append("schema")
        else:
            with context.database.read() as unit:
                if unit.leaves.head().halted:
                    failing.append("log")
                elif waits_too_long(unit, now=context.clock.now()):
                    failing.append("signer")
    except (SQLAlchemyError, KimError):
        failing.append("database")
    if not context.sandbox.alive:
        failing.append("sandbox")
    return failing
