"""Turn the first sheet of a spreadsheet (XLSX, ODS) into a table, in another process.

A spreadsheet is an archive, and may unpack to far more than its size: the process has limits on
memory and time, and a crash ends there.
"""

import csv
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from subscribers.errors import ImportRefused
from subscribers.phrase import Phrase

LARGEST = 300_000_000
"""Bytes that a spreadsheet may unpack to."""
MEMORY = 4_000_000_000
SECONDS = 120
_CHILD = f"""import sys
sys.path[:] = sys.argv[3:]
from {__name__} import write
write(*sys.argv[1:3])"""
_MAGIC = b"PK\x03\x04"


@contextmanager
def as_table(path: Path) -> Iterator[Path]:
    """Yield a file that can be read as a table: the file itself, unless it is a spreadsheet.

    Raises ImportRefused for an archive that is not a spreadsheet or unpacks to too much.
    """
    if not _is_archive(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / f"{path.stem}.csv"
        convert(path, table)
        yield table


def convert(path: Path, table: Path, title: str = "") -> bool:
    """Write the first sheet of a spreadsheet as a table that only its owner reads.

    `title` is the name under which people know it, if it is not that of the file. Return False, and write nothing, if the file is not an archive. Raises ImportRefused.
    """
    if not _is_archive(path):
        return False
    title = title or path.name
    _check_size(path, title)
    table.touch(mode=0o600)
    command = [sys.executable, "-c", _CHILD, str(path), str(table), *sys.path]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and two paths of our own
            command, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = Phrase(
            "{title} takes longer than {seconds} seconds to read; save it as CSV",
            title=title,
            seconds=SECONDS,
        )
        raise ImportRefused(msg) from error
    if done.returncode:
        msg = Phrase("{title} is not a spreadsheet that can be read; save it as CSV", title=title)
        raise ImportRefused(msg)
    return True


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        msg = Phrase("{path} cannot be read: {strerror}", path=path, strerror=error.strerror)
        raise ImportRefused(msg) from error


def _check_size(path: Path, title: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        msg = Phrase("{title} is damaged: {error}", title=title, error=error)
        raise ImportRefused(msg) from error
    if unpacked > LARGEST:
        msg = Phrase(
            "{title} unpacks to {unpacked:,} bytes; the maximum is {limit:,}; save it as CSV",
            title=title,
            unpacked=unpacked,
            limit=LARGEST,
        )
        raise ImportRefused(msg)


def cell_text(value: object) -> str:
    """Return a cell as a list has it: dates as ISO, whole numbers without a fraction."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    return str(value) if isinstance(value, timedelta) else _text(value)


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def write(source: str, target: str) -> None:
    """Write a sheet as a table. Runs in the other process."""
    import resource  # noqa: PLC0415 - only this process limits itself

    from python_calamine import CalamineWorkbook  # noqa: PLC0415 - only this process reads sheets

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sheet = CalamineWorkbook.from_path(source).get_sheet_by_index(0)
    with Path(target).open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerows([cell_text(cell) for cell in row] for row in sheet.iter_rows())
