"""A console whose session does not end; a stand-in for bconsole, for the real one does that only now and then."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.console import Console
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ConsoleTimeout
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import (
    DatabaseSettings,
    LibrarySettings,
    PortSettings,
    TapeSettings,
)


def console(folder: Path, said: str) -> Console:
    program = folder / "bconsole"
    program.write_text(f"#!/bin/sh\nprintf '1000 OK: 103 backup-dir\\n{said}\\n'\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    settings = TapeSettings(
        programs=str(folder),
        library_path="",
        consoles={"automation": "none"},
        database=DatabaseSettings("localhost", 1, "name", "user", "none"),
        jobs_folder="none",
        streams_folder="none",
        stream_program="none",
        clients={},
        pools={},
        library=LibrarySettings("library", "none", "mtx", "mt", ()),
        standalone=(),
        ports=PortSettings(1, 2),
    )
    return Console(settings)


def test_a_job_that_was_queued_is_known_though_the_session_does_not_end(tmp_path: Path) -> None:
    assert console(tmp_path, "Job queued. JobId=7").queue("run job=a yes", seconds=1) == 7


def test_a_session_that_ends_before_a_job_was_queued_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConsoleTimeout, match="run has not ended after 1 s"):
        console(tmp_path, "Enter a period to cancel a command.").queue("run job=a yes", seconds=1)
