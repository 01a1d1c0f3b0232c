"""Processes of the lab that run beside the vCenters."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.background_process import BackgroundProcess, wait_for
from lab.errors import LabError
from lab.files import write_json

READY = "import sys, time; print('ready', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[BackgroundProcess]:
    each = BackgroundProcess("sleeper", tmp_path, tmp_path / "marker")
    yield each
    pid = each.pid()
    if pid is not None:
        os.killpg(pid, signal.SIGKILL)
        assert wait_for(lambda: each.pid() is None, 5)


def start(process: BackgroundProcess, code: str = READY) -> bool:
    return process.start(
        ["python3", "-c", code, str(process.marker)],
        is_ready=lambda: process.log_file.exists() and "ready" in process.log_file.read_text(),
    )


def test_it_runs_until_it_is_stopped_and_starts_once(process: BackgroundProcess) -> None:
    assert process.pid() is None
    assert start(process)
    pid = process.pid()
    assert pid is not None
    assert not start(process)
    assert process.stop()
    assert process.pid() is None
    assert not process.stop()


def test_a_process_that_ends_at_once_is_an_error_that_shows_its_log(process: BackgroundProcess) -> None:
    with pytest.raises(LabError, match=r"ended with 3 .*\n(.*\n)*no such thing"):
        start(process, "import sys; print('no such thing', flush=True); sys.exit(3)")
    assert process.pid() is None


def test_one_that_ignores_the_friendly_signal_is_ended(
    process: BackgroundProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.background_process.STOP_SECONDS", 0.3)
    start(process, DEAF)
    assert process.stop()
    assert process.pid() is None


def test_one_that_never_gets_ready_is_ended(process: BackgroundProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.background_process.START_SECONDS", 0.3)
    with pytest.raises(LabError, match="not ready"):
        start(process, "import time; time.sleep(60)")
    assert process.pid() is None


def test_a_foreign_process_with_the_number_in_the_file_is_not_ours(process: BackgroundProcess) -> None:
    write_json(process.folder / "sleeper.pid.json", {"pid": os.getpid()})
    assert process.pid() is None
    assert not process.stop()


def test_a_command_without_the_marker_is_refused(process: BackgroundProcess) -> None:
    with pytest.raises(LabError, match="must stand in the command"):
        process.start(["sleep", "60"], is_ready=lambda: True)
