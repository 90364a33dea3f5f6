"""Alembic's entry: runs the migrations on the connection that `hub.store.schema` hands over.

There is no alembic.ini: the URL is a setting of the hub, and only `kim-hub` migrates.
"""

from alembic import context

from hub.store.models import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
