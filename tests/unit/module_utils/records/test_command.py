"""scripts/records.py as a person or a pipeline calls it: output, exit codes, one line per error."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from scripts import records

REPOSITORY = Path(__file__).parents[4]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command without a process of its own, which would take longer than all that it does."""

    def run_command(
        *arguments: str, url: str = store.database.name, stdin: TextIO | None = None
    ) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        with open(os.devnull, encoding="utf-8") as nothing:
            monkeypatch.setattr("sys.stdin", stdin or nothing)
            try:
                code: int | str | None = records.main(["--database", url, *arguments])
            except SystemExit as end:  # argparse, for wrong use
                code = end.code
        said = capsys.readouterr()
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return run_command


@pytest.fixture
def process(store: Store) -> Run:
    """The same in a process, where it depends on that: what the system's own streams do."""

    def run_process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(REPOSITORY / "scripts" / "records.py"), "--database", store.database.name]
        defaults: dict[str, object] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
            [*command, *arguments], check=False, **(defaults | options)
        )
        assert "Traceback" not in (done.stderr or "")
        return done

    return run_process


@pytest.fixture
def planned(store: Store, origin: Origin) -> Store:
    store.plans.save("d1", kind="live", environment="lab", document={}, origin=origin)
    store.chain.append("custody", "テープ-1", {"場所": "書庫"}, origin)
    return store


def refused(done: subprocess.CompletedProcess[str], text: str) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert text in done.stderr


def test_list_shows_the_newest_first(run: Run, planned: Store) -> None:
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert "テープ-1" in lines[0]
    assert [entry["id"] for entry in json.loads(run("list", "--kind", "plan", "--format", "json").stdout)] == [1]
    assert len(run("list", "--limit", "1").stdout.splitlines()) == 1


def test_show_prints_the_payload(run: Run, planned: Store) -> None:
    assert json.loads(run("show", "2", "--format", "json").stdout)["payload"] == {"場所": "書庫"}
    assert "書庫" in run("show", "2").stdout
    refused(run("show", "9"), "no entry 9")


def test_verify_passes_against_the_head_that_was_kept_elsewhere(run: Run, planned: Store) -> None:
    done = run("verify", "--anchor", run("head").stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 entries read, 0 problems" in done.stdout


def test_verify_names_what_was_changed_and_ends_with_1(
    run: Run, process: Run, planned: Store, database_file: Path
) -> None:
    with sqlite3.connect(database_file) as connection:
        connection.execute("DROP TRIGGER entries_update")
        connection.execute("UPDATE entries SET actor = CAST(x'ff' AS TEXT) WHERE id = 2")
    connection.close()
    done = process("verify")
    assert done.returncode == 1
    assert done.stdout.startswith("changed: entry 2 (custody)")
    data = json.loads(run("verify", "--format", "json").stdout)
    assert (data["ok"], data["problems"][0]["entry_id"]) == (False, 2)
    assert process("list").returncode == 0
    assert run("show", "2").returncode == 0


def test_verify_of_a_chain_that_was_cut_off_ends_with_1(run: Run, planned: Store) -> None:
    done = run("verify", "--anchor", "5:" + "a" * 64)
    assert done.returncode == 1
    assert "the chain ends at entry 2: cut off" in done.stdout


def test_missing_records_never_verify(run: Run, tmp_path: Path) -> None:
    refused(run("verify", url=f"sqlite:///{tmp_path}/none.sqlite3"), "no records yet")


def test_the_person_who_is_logged_in_approves(run: Run, planned: Store) -> None:
    done = run("approve", "d1", "--role", "基盤管理者", "--until", "2099-12-01T18:00+09:00", "--note", "CHG-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "until 2099-12-01T09:00:00" in done.stdout
    (entry,) = planned.chain.entries(kind="approval", subject="d1")
    assert json.loads(entry.payload_text)["role"] == "基盤管理者"


def test_an_approval_of_an_unknown_plan_or_a_time_without_zone_is_refused(run: Run, planned: Store) -> None:
    refused(run("approve", "d9", "--role", "r", "--until", "2099-12-01T18:00Z"), "no plan with the digest d9")
    refused(run("approve", "d1", "--role", "r", "--until", "2099-12-01"), "has no zone")


def test_locks_are_listed_with_their_scope(run: Run, store: Store) -> None:
    assert run("locks").stdout.startswith("no locks. The lock covers this controller only")
    store.locks.acquire(["vc1"], owner="hanako", run_id="run-1")
    assert "vc1: hanako on" in run("locks").stdout
    assert json.loads(run("locks", "--format", "json").stdout)["locks"][0]["run_id"] == "run-1"


def test_unlock_without_a_terminal_changes_nothing(run: Run, store: Store) -> None:
    store.locks.acquire(["vc1"], owner="hanako", run_id="run-1")
    refused(run("unlock", "vc1", "--reason", "hangs"), "there is no terminal")
    assert len(store.locks.holders()) == 1
    refused(run("unlock", "vc9", "--reason", "hangs"), "not locked")


@pytest.mark.parametrize(("typed", "code", "left"), [("vc1", 0, 0), ("vc", 2, 1), ("", 2, 1)])
def test_unlock_at_a_terminal_needs_the_name_typed(run: Run, store: Store, typed: str, code: int, left: int) -> None:
    store.locks.acquire(["vc1"], owner="hanako", run_id="run-1")
    person, terminal = pty.openpty()
    try:
        os.write(person, f"{typed}\n".encode())
        with open(terminal, encoding="utf-8") as stdin:
            done = run("unlock", "vc1", "--reason", "hangs", stdin=stdin)
    finally:
        os.close(person)
    assert done.returncode == code
    assert "locked by hanako" in done.stdout
    assert len(store.locks.holders()) == left
    assert len(store.chain.entries(kind="unlock")) == 1 - left


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--production", "list"), "KYOTSU_RECORDS_URL"),
        (("--password-file", "/nowhere", "list"), "cannot be read"),
        (("--password-environment", "NOT_SET_ANYWHERE", "list"), "not set"),
        (("list", "--limit", "0"), "not a positive number"),
        (("show", "x"), "not a positive number"),
        (("verify", "--anchor", "1:abc"), "not an anchor"),
        ((), "COMMAND"),
    ],
)
def test_wrong_use_is_one_line(run: Run, arguments: tuple[str, ...], text: str) -> None:
    refused(run(*arguments), text)


def test_a_password_in_the_command_is_refused_and_not_repeated(run: Run) -> None:
    done = run("list", url="postgresql+psycopg://kyotsu:hunter2@db.example/records")
    refused(done, "--password-file or --password-environment")
    assert "hunter2" not in done.stderr


def test_an_unreachable_server_is_one_line(run: Run, tmp_path: Path) -> None:
    refused(run("list", url=f"postgresql+psycopg://kyotsu@/records?host={tmp_path}"), "records database postgresql")


def test_a_reader_that_stops_early_is_no_error(store: Store, process: Run, origin: Origin) -> None:
    store.chain.append("custody", "tape", {}, origin)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = process("list", capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
