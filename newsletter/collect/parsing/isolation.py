"""Take rights away from this process. A document that takes it over has only what is left.

Each protection is independent: where a system does not offer one, the others are still taken.
Nothing here can be undone, also not by the process itself.
"""

import ctypes
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from zoneinfo import TZPATH

from newsletter.collect.parsing import landlock, users
from newsletter.model.protection import Protection

SECCOMP = "libseccomp.so.2"
PRIORITY = 10
"""Added to the niceness: serving and sending go first on a busy machine."""
MOST_FILES = 64
DENIED = (
    "socket socketpair connect bind listen accept accept4 sendto sendmsg execve execveat ptrace"
    " process_vm_readv process_vm_writev pidfd_open pidfd_getfd io_uring_setup bpf userfaultfd fork vfork clone clone3"
    " perf_event_open keyctl add_key request_key mount unshare setns kill tkill tgkill"
).split()
"""System calls of which parsing needs none: connections, other programs, other processes."""
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001
"""SCMP_ACT_ALLOW and SCMP_ACT_ERRNO(EPERM), from seccomp.h."""
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
"""CLONE_NEWUSER and CLONE_NEWNET, from sched.h."""


Take = Callable[[], None]


def confine(*, user: str, memory: int, library: str = SECCOMP) -> dict[Protection, str]:
    """Give up every right that parsing does not need. Returns what was not possible, and why.

    Import everything first. Libraries and users are looked up before the files are hidden. The
    order matters: changing the network needs the rights of root, and system calls come last.
    """
    filtering, problems = _seccomp(library), dict[Protection, str]()
    prepared: list[tuple[Protection, Callable[[], Take]]] = [
        (Protection.LIMITS, lambda: partial(_limit, memory)),
        (Protection.FILES, lambda: partial(landlock.read_only, _readable())),
        (Protection.USER, lambda: users.change_to(user, lambda: Protection.FILES in problems)),
    ]
    if filtering is None:
        prepared.insert(0, (Protection.NETWORK, lambda: _leave_network))
    else:
        prepared.append((Protection.NETWORK, lambda: filtering))
    taken: list[tuple[Protection, Take]] = []
    for protection, prepare in prepared:
        with _noting(protection, problems):
            taken.append((protection, prepare()))
    for protection, take in taken:
        with _noting(protection, problems):
            take()
    return problems


@contextmanager
def _noting(protection: Protection, problems: dict[Protection, str]) -> Iterator[None]:
    """Note why a protection cannot be taken, and go on to the next."""
    try:
        yield
    except (OSError, ImportError, AttributeError, ValueError) as error:
        problems[protection] = getattr(error, "strerror", "") or str(error)


def attempts(secrets: Sequence[str]) -> dict[Protection, str]:
    """Try what must not be possible. Returns what was possible."""
    found: dict[Protection, str] = {}
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        found[Protection.USER] = "parsing runs as root"
    if _can_connect():
        found[Protection.NETWORK] = "parsing can open connections"
    if readable := [path for path in secrets if _can_read(path)]:
        found[Protection.FILES] = f"parsing can read {readable[0]}"
    if not _is_limited():
        found[Protection.LIMITS] = "parsing can use all memory"
    return found


def _limit(memory: int) -> None:
    """Bound memory; write no file, start no process, leave no core; run after other programs."""
    import resource  # noqa: PLC0415 - not available on every system

    os.nice(PRIORITY)
    for limit, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, MOST_FILES),
        (resource.RLIMIT_AS, memory),
    ):
        hard = resource.getrlimit(limit)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(limit, (most, most))


def _readable() -> list[Path]:
    """Return where Python, its packages and the time zones are, for what is imported late."""
    own = Path(__file__).parents[2]
    packages = [path for path in map(Path, sys.path) if path.name.endswith("-packages")]
    return [own, Path(os.__file__).parent, *packages, *map(Path, TZPATH)]


def _leave_network() -> None:
    """Move to an empty network: where there is no seccomp, nothing can be reached."""
    if sys.platform != "linux":
        msg = f"{sys.platform} offers neither seccomp nor network namespaces"
        raise OSError(msg)
    kind = _NEW_NETWORK if os.geteuid() == 0 else _NEW_USER | _NEW_NETWORK
    if ctypes.CDLL(None, use_errno=True).unshare(kind) != 0:
        msg = "neither libseccomp nor a network namespace is available"
        raise OSError(msg)


def _seccomp(name: str) -> Take | None:
    """Return what refuses the denied system calls from now on, or None without libseccomp.

    The library knows the number of each call on each architecture.
    """
    try:
        library = ctypes.CDLL(name, use_errno=True)
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    for call in DENIED:
        number = library.seccomp_syscall_resolve_name(call.encode())
        library.seccomp_rule_add_array(rules, ctypes.c_uint32(_REFUSE), number, 0, None)

    def load() -> None:
        if failed := library.seccomp_load(rules):
            raise OSError(-failed, os.strerror(-failed))

    return load


def _can_connect() -> bool:
    """Return whether a datagram could leave. Connecting sends none."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.connect(("127.0.0.1", 9))
        return True
    return False


def _can_read(path: str) -> bool:
    with suppress(OSError), Path(path).open("rb"):
        return True
    return False


def _is_limited() -> bool:
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - not available on every system

        return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    return False
