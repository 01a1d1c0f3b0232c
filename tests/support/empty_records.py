"""Records without an entry, copied: the tables of a database take longer to make than most of what a test does."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store


def empty_records(file: Path) -> str:
    """Put an empty database there, as the migrations make it; its URL."""
    file.write_bytes(_content())
    file.chmod(0o600)
    return f"sqlite:///{file}"


@functools.cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory(prefix="kyotsu-records-") as folder:
        file = Path(folder) / "records.sqlite3"
        open_store(f"sqlite:///{file}", production=False).close()
        return file.read_bytes()
