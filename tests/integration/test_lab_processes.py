"""Labs as processes: side by side, idempotent, stopped, removed, never confused with others'."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.command_line import EXIT_NOT_RUNNING, main
from lab.files import read_json, write_json
from lab.laboratory import Laboratory
from tests.integration.lab_support import VCENTER, quiet, running_lab, tiny_world


def status(name: str, folder: Path) -> int:
    return main(["status", "--lab", name, "--state-root", str(folder)])


def test_two_labs_run_side_by_side_and_know_nothing_of_each_other(tmp_path: Path) -> None:
    with running_lab(tmp_path, "one") as one, running_lab(tmp_path, "two") as two:
        ports = {lab.endpoint(vcenter)["port"] for lab in (one, two) for vcenter in (VCENTER, "vc-mynumber")}
        assert len(ports) == 4
        assert one.password() != two.password()
        one.connect().content.rootFolder.CreateDatacenter("only-in-one")
        assert two.connect().content.rootFolder.childEntity == []
        assert one.connect(vcenter="vc-mynumber").content.rootFolder.childEntity == []
        two.laboratory.down(quiet)
        assert one.connect().content.rootFolder.childEntity[0].name == "only-in-one"
        assert status("one", tmp_path) == 0


def test_up_again_changes_nothing(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        before, password = lab.laboratory.state(), lab.password()
        said: list[str] = []
        lab.laboratory.up(tiny_world(), said.append)
        assert lab.laboratory.state() == before
        assert lab.password() == password
        assert all(line.startswith("running") for line in said)
        assert len(said) == 2


def test_stop_keeps_the_world_the_port_and_the_password(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        before, password = lab.endpoint(), lab.password()
        lab.connect().content.rootFolder.CreateDatacenter("kept")
        lab.laboratory.stop(quiet)
        assert status("test", tmp_path) == EXIT_NOT_RUNNING
        lab.restart()
        assert lab.endpoint()["port"] == before["port"]
        assert lab.password() == password
        assert lab.connect().content.rootFolder.childEntity[0].name == "kept"


def test_up_starts_only_what_is_missing(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        other = lab.endpoint("vc-mynumber")["pid"]
        lab.laboratory.process(VCENTER).kill()
        assert status("test", tmp_path) == EXIT_NOT_RUNNING
        lab.restart()
        assert status("test", tmp_path) == 0
        assert lab.endpoint("vc-mynumber")["pid"] == other


def test_down_ends_every_process_and_leaves_nothing(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        pids = [lab.endpoint(vcenter)["pid"] for vcenter in (VCENTER, "vc-mynumber")]
        lab.laboratory.down(quiet)
        assert [pid for pid in pids if b"lab-simulator" in _command_line(pid)] == []
        assert list(tmp_path.iterdir()) == []
        assert status("test", tmp_path) == EXIT_NOT_RUNNING


def test_a_pid_that_belongs_to_another_program_is_neither_believed_nor_killed(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        process = lab.laboratory.process(VCENTER)
        process.stop()
        stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            write_json(process.folder / "simulator.pid.json", {"pid": stranger.pid})
            assert process.pid() is None
            assert process.stop() is False
            assert stranger.poll() is None
            lab.restart()
            assert lab.endpoint()["pid"] != stranger.pid
        finally:
            stranger.communicate(b"\n")


def test_status_lists_memory_objects_and_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_lab(tmp_path) as lab:
        lab.connect().content.rootFolder.CreateDatacenter("dc")
        assert status("test", tmp_path) == 0
        text = capsys.readouterr().out
        entry = next(entry for entry in lab.laboratory.status() if entry.vcenter == VCENTER)
        assert str(entry.pid) in text
        assert str(entry.port) in text
        assert entry.resident_bytes > 1_000_000
        assert entry.objects["Datacenter"] == 1
        assert entry.journal_bytes == entry.log_file.with_name("journal").stat().st_size


def test_env_prints_what_a_shell_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_lab(tmp_path) as lab:
        assert main(["env", "--lab", "test", "--state-root", str(tmp_path)]) == 0
        text = capsys.readouterr().out
        assert f"KYOTSU_LAB_FILE={lab.laboratory.paths.state_file}" in text
        assert lab.password() not in text


def test_lab_json_keeps_the_keys_of_other_parts_of_the_lab(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        path = lab.laboratory.paths.state_file
        write_json(path, {**read_json(path), "guests": {"address": "198.18.0.1"}})
        lab.restart()
        assert read_json(path)["guests"] == {"address": "198.18.0.1"}


def test_lab_that_was_never_up_is_no_error_to_take_down(tmp_path: Path) -> None:
    Laboratory("never", tmp_path).down(quiet)
    assert list(tmp_path.iterdir()) == []


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        assert not os.path.exists(f"/proc/{pid}")
        return b""
