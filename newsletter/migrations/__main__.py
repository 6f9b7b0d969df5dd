"""Write the migration for a change to the tables: `make migration NAME="what it does"`."""

import sys
import tempfile
from pathlib import Path

from alembic import command

from newsletter.migrations import configuration, upgrade
from newsletter.store.database import open_engine


def main(name: str) -> None:
    """Compare the tables in the code with an up-to-date database and write the difference."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder)}/newsletter.sqlite3")
        upgrade(engine)
        with engine.begin() as connection:
            config = configuration(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            known = len(list(Path(__file__).with_name("versions").glob("0*.py")))
            command.revision(config, name, autogenerate=True, rev_id=f"{known + 1:04}")
        engine.dispose()


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or sys.exit('describe the change: make migration NAME="…"'))
