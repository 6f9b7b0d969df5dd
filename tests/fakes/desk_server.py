"""The desk of a publication in a process of its own, which a test kills.

`python -m tests.fakes.desk_server ROOT PORT TIME` prints `ready` when it answers.
"""

import sys
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from newsletter.web.main import desk_access, desk_site
from newsletter.web.serving import serving
from tests.fakes.house import reopened


def main(root: str, port: str, at: str) -> None:
    """Serve until the process is killed."""
    opened = reopened(Path(root), datetime.fromisoformat(at)).app
    app = replace(opened, settings=replace(opened.settings, desk=f"127.0.0.1:{port}"))
    with serving([(desk_site(app, desk_access(app)), app.settings.desk)]):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
