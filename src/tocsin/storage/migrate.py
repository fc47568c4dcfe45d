"""Schema versions: Alembic, driven from code. The scripts are in `migrations/versions`, numbered in order."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from tocsin.storage.versions import MIGRATIONS, schema_state

__all__ = ["downgrade", "history", "revision", "schema_state", "upgrade"]


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run every migration up to `revision`, all in one transaction."""
    _run(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Undo migrations down to `revision` ("-1" for one, "base" for all)."""
    _run(engine, lambda config: command.downgrade(config, revision))


def history(engine: Engine, write: Callable[[str], None]) -> None:
    """Write one line a revision, newest first, the present one marked."""
    current = schema_state(engine).current
    for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions():
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
    config = Config(cmd_opts=Namespace(quiet=True))  # what Alembic would print is said by the doors
    config.set_main_option("revision_environment", "true")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        action(config)
