"""The web application: the views on top of a hub's parts (`hub.wiring`). It starts nothing."""

from pathlib import Path

from flask import Flask

from hub import web
from hub.api import (
    enrolment,
    evidence,
    extracts,
    guard,
    health,
    log,
    problem_responses,
    request_guard,
    statistics,
    submissions,
    trust,
)
from hub.services.context import EXTENSION, HubContext
from hub.services.people import EXTENSION as PEOPLE
from hub.services.people import make_desk
from hub.services.statistics import EXTENSION as STATISTICS
from hub.services.statistics import Statistics
from hub.web.people import accounts, audit, gate, own_account, provider, sign_in, work


def create_app(context: HubContext) -> Flask:
    """Return the web application: node protocol, statistics API, pages."""
    app = Flask("hub", static_folder=None, root_path=str(Path(__file__).parent))
    app.config.update(MAX_CONTENT_LENGTH=2 * context.settings.chunk_bytes, PROPAGATE_EXCEPTIONS=False)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = context
    app.extensions[PEOPLE] = make_desk(context.settings, context.database, context.clock)
    guard.install(app, settings=context.settings)
    request_guard.install(app)
    problem_responses.install(app)
    gate.install(app)
    app.register_blueprint(submissions.blueprint)
    app.register_blueprint(enrolment.blueprint)
    app.register_blueprint(trust.blueprint)
    app.register_blueprint(log.blueprint)
    app.register_blueprint(health.blueprint)
    # Figures are made up exactly where the day is: the page says so.
    app.extensions[STATISTICS] = Statistics(
        context.database.engine, demo=bool(context.settings.date), clock=context.clock
    )
    app.register_blueprint(web.blueprint)
    app.extensions[problem_responses.ERROR_PAGE] = web.render_problem
    app.register_blueprint(statistics.blueprint)
    app.register_blueprint(extracts.blueprint)
    app.register_blueprint(evidence.blueprint)
    for part in (sign_in, provider, own_account, audit, accounts, *work.PARTS):
        app.register_blueprint(part.blueprint)
    return app
