"""A tape library of a test's own, with small tapes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import (
    JobDefinition,
    TapeJobs,
    from_file,
    to_file,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import JobResult, wait
from lab.paths import lab_paths
from lab.tape.configuration import TapeChoice, default_pools
from lab.tape.laboratory import TapeLaboratory

MEGABYTE = 1_000_000
ONSITE, OFFSITE, CLIENT = "internet-onsite", "internet-offsite", "internet-fd"


@dataclass(frozen=True)
class TapeLab:
    """A tape library that runs, and the layer over its software."""

    lab: TapeLaboratory
    folder: Path

    @property
    def jobs(self) -> TapeJobs:
        return TapeJobs(self.lab.settings())

    @property
    def library(self) -> Library:
        return Library(self.lab.settings())

    def content(self, name: str, size: int) -> Path:
        """A file of random bytes: neither the software nor the tape can make it shorter."""
        path = self.folder / name
        path.write_bytes(os.urandom(size))
        return path

    def define(self, name: str, streams: Sequence[str] = ("disk0",), **more: Any) -> None:
        values = {"client": CLIENT, "pool": ONSITE, "compression": "", **more}
        self.jobs.define([JobDefinition(name, streams=tuple(streams), **values)])

    def backup(self, name: str, source: Path, **more: Any) -> JobResult:
        """Define a job of one stream, run it, and give how it ended."""
        self.define(name, **more)
        return wait(self.jobs, self.jobs.backup(name, {"disk0": from_file(source)}), seconds=120)

    def restore(self, job_id: int, target: Path) -> JobResult:
        return wait(self.jobs, self.jobs.restore(job_id, {"disk0": to_file(target)}), seconds=120)

    def read_back(self, job_id: int, sha256: str) -> JobResult:
        return wait(self.jobs, self.jobs.read_back(job_id, {"disk0": sha256}), seconds=60, media_seconds=4)

    def verify(self, job_id: int) -> JobResult:
        return wait(self.jobs, self.jobs.verify(job_id), seconds=120)


@contextmanager
def tape_lab(name: str, *, capacity_bytes: int = 1000 * MEGABYTE, tapes: int = 6) -> Iterator[TapeLab]:
    """Bring a library up below a folder of its own and take it down again."""
    with tempfile.TemporaryDirectory(prefix="tape-") as folder:
        root = Path(folder)
        lab = TapeLaboratory(lab_paths(name, root))
        try:
            choice = TapeChoice(default_pools(), tapes=tapes, capacity_bytes=capacity_bytes, file_bytes=16 * MEGABYTE)
            lab.up(choice, say=lambda _line: None)
            yield TapeLab(lab, root)
        finally:
            lab.down()
