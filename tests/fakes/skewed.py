"""The program on a machine whose clock is wrong.

python -m tests.fakes.skewed SECONDS COMMAND …
"""

import sys
from datetime import UTC, datetime, timedelta

from newsletter import app
from newsletter.cli.main import main

if __name__ == "__main__":
    wrong_by = timedelta(seconds=float(sys.argv.pop(1)))
    app.clock = lambda: datetime.now(UTC) + wrong_by  # noqa: TID251 - a separate process
    main()
