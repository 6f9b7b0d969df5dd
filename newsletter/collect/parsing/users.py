"""Change this process to another user, if it runs as root."""

import ctypes
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pwd

_KEEP_CAPABILITIES = 8
"""PR_SET_KEEPCAPS, from prctl(2)."""
_VERSION_3 = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3, from capset(2)."""
_READ_EVERY_FILE = 1 << 2
"""CAP_DAC_READ_SEARCH."""


def change_to(name: str, sees_files: Callable[[], bool]) -> Callable[[], None]:
    """Return what changes to a user without groups; nothing if the program does not run as root.

    `sees_files` returns whether the process still sees files other than Python's own. Raises
    OSError if the user does not exist or does not help.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return lambda: None
    import pwd  # noqa: PLC0415 - not available on every system

    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        msg = f"there is no user “{name}”"
        raise OSError(msg) from error
    if entry.pw_uid == 0:
        msg = f"“{name}” is root"
        raise OSError(msg)
    return partial(_become, entry, sees_files)


def _become(entry: "pwd.struct_passwd", sees_files: Callable[[], bool]) -> None:
    """Change user and group, and leave all other groups.

    Python may be where only root can read it. If the process sees no other files, it keeps the
    right to read them, and only that.
    """
    reads_python = _can_read_python(entry.pw_uid)
    if sees_files() and not reads_python:
        msg = f"“{entry.pw_name}” cannot read Python in {Path(os.__file__).parent}"
        raise OSError(msg)
    libc = ctypes.CDLL(None, use_errno=True)
    if not reads_python:
        libc.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if not reads_python:
        _keep_only_reading(libc)


def _can_read_python(user: int) -> bool:
    os.seteuid(user)
    try:
        return all(
            os.access(module, os.R_OK, effective_ids=True) for module in (os.__file__, __file__)
        )
    finally:
        os.seteuid(0)


def _keep_only_reading(libc: ctypes.CDLL) -> None:
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    # Two sets of effective, permitted and inheritable capabilities, 32 bits each.
    sets = (ctypes.c_uint32 * 6)(_READ_EVERY_FILE, _READ_EVERY_FILE, 0, 0, 0, 0)
    if libc.capset(header, sets) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
