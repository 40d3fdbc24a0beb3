"""What Alembic runs: migrations in the transaction of the connection that `portal.data.database` hands over."""

from alembic import context

from portal.data.models import StoredRow

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=StoredRow.metadata,
    transactional_ddl=True,  # also of SQLite, where Alembic does not expect it
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
