"""Where a script writes a file that others read: complete or not at all, and never in place of a device or a pipe."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path


class Complete:
    """A new file that takes its place when it is complete; a reader never sees half of it.

    A link stays a link: what it points to is replaced. A device or a pipe (/dev/stdout, a FIFO) is never replaced: the
    complete file is written into it.

    Raises:
        OSError: the file is a folder, or what the system says of it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> Path:
        # Before links are resolved: those of /proc (/dev/stdout) lead to no path.
        self.into = _is_device_or_pipe(self.file)
        if self.into:
            self.folder = Path(tempfile.mkdtemp())
            self.new = self.folder / "new"
            return self.new
        target = Path(os.path.realpath(self.file))
        if target.is_dir():
            raise IsADirectoryError(0, "is a folder", str(self.file))
        target.parent.mkdir(parents=True, exist_ok=True)
        self.target = target
        self.new = target.with_name(f".{target.name}.{os.getpid()}.new")
        return self.new

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self.into:
            if kind is None:
                self.new.replace(self.target)
            else:
                self.new.unlink(missing_ok=True)
            return
        try:
            if kind is None:
                with self.new.open("rb") as complete, self.file.open("wb") as stream:
                    shutil.copyfileobj(complete, stream)
        finally:
            shutil.rmtree(self.folder)


def _is_device_or_pipe(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
