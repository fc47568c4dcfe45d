"""Schema versions: Alembic, driven from code. The scripts are in `migrations/versions`, numbered in order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

HERE = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which revision a database is at, and which one this program needs."""

    current: str | None
    head: str
    has_tables: bool

    @property
    def is_empty(self) -> bool:
        """True where nothing of Tocsin is there."""
        return self.current is None and not self.has_tables

    @property
    def is_current(self) -> bool:
        """True where the schema is this program's own."""
        return self.current == self.head


def head_revision() -> str:
    """Return the newest revision that this program knows."""
    head = ScriptDirectory(str(HERE)).get_current_head()
    assert head is not None  # noqa: S101 (the package ships at least one migration)
    return head


def schema_state(engine: Engine) -> SchemaState:
    """Read which revision the database is at."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        has_tables = inspect(connection).has_table("websites")
    return SchemaState(current, head_revision(), has_tables)


def stamp_head(connection: Connection) -> None:
    """Record on `connection` that the schema is at the newest revision, without running anything."""
    context = MigrationContext.configure(connection)
    context.stamp(ScriptDirectory(str(HERE)), "head")


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run every migration up to `revision`, each in a transaction of its own."""
    _run(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Undo migrations down to `revision` ("-1" for one, "base" for all)."""
    _run(engine, lambda config: command.downgrade(config, revision))


def history(engine: Engine, write: Callable[[str], None]) -> None:
    """Write one line a revision, newest first, the present one marked."""
    current = schema_state(engine).current
    for script in ScriptDirectory(str(HERE)).walk_revisions():
        mark = " (current)" if script.revision == current else ""
        write(f"{script.revision}  {script.doc}{mark}")


def revision(engine: Engine, message: str, *, autogenerate: bool = True) -> Path:
    """Write a new migration from the difference between tables and database; return its file."""
    made: list[Path] = []

    def make(config: Config) -> None:
        script = command.revision(config, message, autogenerate=autogenerate)
        made.extend(Path(one.path) for one in (script if isinstance(script, list) else [script]) if one)

    _run(engine, make)
    return made[0]


def _run(engine: Engine, action: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        action(config)
        connection.commit()
