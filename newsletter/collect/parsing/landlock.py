"""Restrict which files this process may open, with Linux's Landlock (landlock(7))."""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""The numbers of the system calls, the same on every architecture that Python supports."""
_ASK_VERSION = 1
_BENEATH = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1}
"""The rights that each early version knows; from version 3 on there is also truncating."""
_ALL = (1 << 15) - 1
_TCP, _OTHERS = 0b11, 0b11
"""Binding and connecting (from version 4 on); sockets and signals of other processes (from 6 on)."""
_NO_NEW_PRIVILEGES = 38
"""PR_SET_NO_NEW_PRIVS, without which the kernel refuses to restrict a process."""


class _Handled(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("others", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def read_only(folders: Iterable[Path]) -> None:
    """Leave only these folders readable, and nothing writable. Open files stay open.

    Newer kernels also refuse connections, and signals to other processes. Raises OSError where
    the kernel offers no Landlock.
    """
    if sys.platform != "linux":
        msg = f"{sys.platform} has no Landlock"
        raise OSError(msg)
    libc = ctypes.CDLL(None, use_errno=True)
    version = _checked(libc.syscall(_CREATE, None, 0, _ASK_VERSION))
    handled = _Handled(
        _RIGHTS.get(version, _ALL),
        _TCP if version >= 4 else 0,  # noqa: PLR2004 - see _TCP
        _OTHERS if version >= 6 else 0,  # noqa: PLR2004 - see _OTHERS
    )
    rules = _checked(libc.syscall(_CREATE, ctypes.byref(handled), ctypes.sizeof(handled), 0))
    try:
        for folder in folders:
            if folder.is_dir():
                _allow(libc, rules, folder)
        _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT, rules, 0))
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, folder: Path) -> None:
    opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _Beneath(_READ_FILE | _READ_FOLDER, opened)
        _checked(libc.syscall(_ADD, rules, _BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(opened)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock is not available: {os.strerror(number)}")
    return result
