"""Where the embedded servers keep their files, so that the account they run under can reach them."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from citywatch.errors import Misconfigured
from cli.embedded.children import is_reachable, unprivileged_account

_ROOT_HOME: Final = Path("/var/lib/citywatch")
_SOCKET_LIMIT: Final = 100  # a socket address holds 107 bytes, the file name included


class Home:
    """A folder for servers that belongs to the account they run under.

    Ordinary users keep everything below ``state``. Root may have put ``state`` where no other account can look
    (``/root``); then the servers live below ``/var/lib/citywatch``, under a name derived from ``state``.
    """

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()
        self.account = unprivileged_account()
        self.state.mkdir(parents=True, exist_ok=True)
        self._digest = hashlib.sha256(str(self.state).encode()).hexdigest()[:12]
        self.folder = self.state / "servers"
        if self.account is not None and not is_reachable(self.state, self.account):
            self.folder = _ROOT_HOME / self._digest
        self.folder.mkdir(parents=True, exist_ok=True)
        self._give(self.folder)

    def subfolder(self, name: str) -> Path:
        """Return a private folder of the servers' account, made when it is missing."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        self._give(folder)
        return folder

    def write(self, path: Path, text: str) -> Path:
        """Write a file that the servers' account owns."""
        path.write_text(text, encoding="utf-8")
        self._give(path)
        return path

    def log(self, name: str) -> Path:
        """Return the path of a log file below ``state``."""
        folder = self.state / "logs"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.log"

    def reachable_copy(self, program: Path, name: str) -> Path:
        """Return ``program`` itself, or a copy of this folder where the servers' account can run it."""
        if self.account is None or is_reachable(program, self.account):
            return program
        copy = _ROOT_HOME / "programs" / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_name(f"{name}.{os.getpid()}")
            shutil.copytree(program, partial, symlinks=True)
            partial.rename(copy)
        return copy

    def socket_folder(self) -> Path:
        """Return a private folder with a path short enough for a socket.

        Raises
        ------
        Misconfigured
            Somebody else made a folder of that name.
        """
        owner = os.geteuid() if self.account is None else self.account.pw_uid
        folder = Path(tempfile.gettempdir()) / f"citywatch-{owner}-{self._digest}"
        if len(str(folder)) > _SOCKET_LIMIT - len("/.s.PGSQL.5432"):
            folder = Path("/tmp") / folder.name  # noqa: S108  # checked below: ours, and closed to others
        try:
            folder.mkdir(mode=0o700)
            self._give(folder)
        except FileExistsError:
            status = folder.lstat()
            if status.st_uid != owner or status.st_mode & 0o077 or folder.is_symlink():
                raise Misconfigured(f"{folder} belongs to somebody else; remove it or set TMPDIR") from None
        return folder

    def _give(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)
