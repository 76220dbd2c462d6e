"""Child processes that never outlive us, and the account they run under."""

import ctypes
import os
import pwd
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_ACCOUNTS: Final = ("postgres", "nobody")
_libc: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def unprivileged_account() -> pwd.struct_passwd | None:
    """Return the account that servers run under when we are root, None when we are an ordinary user.

    PostgreSQL refuses to run as root, and a broker has no business to.
    """
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def is_reachable(path: Path, account: pwd.struct_passwd) -> bool:
    """Return whether an account may pass through every folder above and into ``path``."""
    for folder in (path, *path.resolve().parents):
        if not folder.exists():
            continue
        status = folder.stat()
        owned, grouped = status.st_uid == account.pw_uid, status.st_gid == account.pw_gid
        bit = 0o100 if owned else 0o010 if grouped else 0o001
        if folder.is_dir() and not status.st_mode & bit:
            return False
    return True


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    account: pwd.struct_passwd | None = None,
    dies_with_us: signal.Signals = signal.SIGTERM,
    descriptors: int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own, its output appended to ``log``.

    It gets ``dies_with_us`` when we die, however we die (Linux). A session of its own keeps a Ctrl-C on the terminal
    from reaching it before we decide the order of stopping. ``descriptors`` is how many files and connections it may
    have open, as far as the system allows; None leaves that as it is.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else {**os.environ, **environment},
            start_new_session=True,
            user=None if account is None else account.pw_uid,
            group=None if account is None else account.pw_gid,
            extra_groups=None if account is None else [],
            preexec_fn=_prepared(dies_with_us, descriptors),  # noqa: PLW1509  # we spawn before we start threads
        )


def _prepared(number: signal.Signals, descriptors: int | None) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        if descriptors is not None:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            allowed = descriptors if hard == resource.RLIM_INFINITY else min(descriptors, hard)
            if soft != resource.RLIM_INFINITY and soft < allowed:
                resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
            if os.getppid() != parent:  # the parent died before the request was in place
                os.kill(os.getpid(), number)

    return prepare


def stop(child: "subprocess.Popen[bytes]", number: signal.Signals, *, timeout: float) -> None:
    """Ask a child to end; end it by force after ``timeout`` [s]."""
    if child.poll() is None:
        child.send_signal(number)
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()
