"""The chain is append-only, gapless under concurrent writers, and gives away every change."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import START, entry_hash
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ChainBrokenError,
    InvalidRecordError,
    SecretRefusedError,
    StoreUnreachableError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Anchor, Origin

REPOSITORY = Path(__file__).parents[4]
COLUMNS = ("recorded_at", "kind", "subject", "actor", "host", "run_id", "commit", "payload", "previous_hash", "hash")


def fill(store: Store, origin: Origin, count: int = 6) -> list[Anchor]:
    return [store.chain.append("custody", f"tape-{n}", {"slot": n}, origin).anchor for n in range(1, count + 1)]


def tamper(path: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """Do what an administrator of the database can do: drop the triggers, then write."""
    connection = sqlite3.connect(path)
    with connection:
        for name in ("entries_insert", "entries_update", "entries_delete"):
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement, values in statements:
            connection.execute(statement, values)
    connection.close()


def findings(store: Store, *anchors: Anchor) -> list[tuple[int, str]]:
    return [(problem.entry_id, problem.what) for problem in store.chain.verify(*anchors).problems]


def test_an_empty_chain_verifies_and_its_head_is_the_start(store: Store) -> None:
    assert store.chain.head() == START
    assert store.chain.verify(store.chain.head()).ok


def test_an_untouched_chain_verifies_against_every_head_it_ever_had(store: Store, origin: Origin) -> None:
    anchors = fill(store, origin)
    result = store.chain.verify(*anchors)
    assert (result.ok, result.checked, result.head) == (True, 6, anchors[-1])


def test_the_hash_covers_what_is_stored_and_can_be_computed_by_others(store: Store, origin: Origin) -> None:
    entry = store.chain.append("custody", "テープ-1", {"場所": "書庫", "n": 1}, origin)
    assert entry.payload_text == '{"n":1,"場所":"書庫"}'
    assert entry.previous_hash == "0" * 64
    assert entry_hash(entry) == entry.hash
    assert store.chain.get(1) == entry
    # Written out, so that whoever has only the table and a SHA-256 program can check it in ten years.
    text = (
        '{"actor":"hanako","commit":"' + "0" * 40 + '","host":"controller-1","id":1,"kind":"custody",'
        '"payload":"{\\"n\\":1,\\"場所\\":\\"書庫\\"}","previous_hash":"' + "0" * 64 + '",'
        '"recorded_at":"2026-11-24T06:00:00.000000Z","run_id":"run-1","subject":"テープ-1"}'
    )
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET actor = 'nobody' WHERE id = 2",
        "DELETE FROM entries WHERE id = 6",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE id = 2",
        'INSERT INTO entries SELECT 9, recorded_at, kind, subject, actor, host, run_id, "commit", payload, hash, hash'
        " FROM entries WHERE id = 6",
    ],
)
def test_the_database_refuses_to_change_entries(
    store: Store, origin: Origin, database_file: Path, statement: str
) -> None:
    fill(store, origin)
    connection = sqlite3.connect(database_file)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert store.chain.verify().ok


def test_a_changed_entry_is_named(store: Store, origin: Origin, database_file: Path) -> None:
    fill(store, origin)
    tamper(database_file, ("UPDATE entries SET payload = ? WHERE id = 3", ('{"slot":4}',)))
    assert findings(store) == [(3, "changed")]


def test_a_removed_entry_is_named(store: Store, origin: Origin, database_file: Path) -> None:
    fill(store, origin)
    tamper(database_file, ("DELETE FROM entries WHERE id IN (1, 4, 5)", ()))
    assert findings(store) == [(1, "removed"), (4, "removed")]


def test_two_exchanged_entries_are_named(store: Store, origin: Origin, database_file: Path) -> None:
    fill(store, origin)
    move = "UPDATE entries SET id = ? WHERE id = ?"
    tamper(database_file, (move, (99, 2)), (move, (2, 5)), (move, (5, 99)))
    result = store.chain.verify()
    assert (2, "reordered") in findings(store)
    assert (5, "reordered") in findings(store)
    assert "entry 2 was written as entry 5" in result.problems[0].message


def test_a_truncated_chain_is_found_with_an_anchor_only(store: Store, origin: Origin, database_file: Path) -> None:
    anchors = fill(store, origin)
    tamper(database_file, ("DELETE FROM entries WHERE id > 4", ()))
    assert findings(store) == []
    assert findings(store, anchors[-1]) == [(6, "truncated")]
    assert findings(store, anchors[3]) == []


def test_a_chain_rewritten_with_right_hashes_is_found_with_an_anchor_only(
    store: Store, origin: Origin, database_file: Path, tmp_path: Path
) -> None:
    anchors = fill(store, origin)
    with open_store(f"sqlite:///{tmp_path / 'forged.sqlite3'}", production=False) as forged:
        fill(forged, Origin("mallory", "controller-1", "run-1", ""))
    store.close()
    shutil.copy(tmp_path / "forged.sqlite3", database_file)
    with open_store(f"sqlite:///{database_file}", production=False) as after:
        assert findings(after) == []
        assert findings(after, anchors[-1]) == [(6, "rewritten")]
        assert findings(after, anchors[0], anchors[2]) == [(1, "rewritten"), (3, "rewritten")]


def test_an_entry_forged_with_its_own_right_hash_does_not_fit_its_successor(
    store: Store, origin: Origin, database_file: Path
) -> None:
    anchors = fill(store, origin)
    entry = store.chain.get(3)
    assert entry is not None
    forged = entry_hash(replace(entry, actor="mallory"))
    tamper(database_file, ("UPDATE entries SET actor = 'mallory', hash = ? WHERE id = 3", (forged,)))
    assert findings(store) == [(4, "rewritten")]
    assert findings(store, anchors[2]) == [(3, "rewritten"), (4, "rewritten")]


def test_bytes_that_are_no_text_are_found_and_do_not_stop_the_verification(
    store: Store, origin: Origin, database_file: Path
) -> None:
    fill(store, origin)
    tamper(database_file, ("UPDATE entries SET actor = CAST(x'ff00' AS TEXT), host = x'ff' WHERE id = 3", ()))
    assert findings(store) == [(3, "changed")]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pristine") / "records.sqlite3"
    with open_store(f"sqlite:///{path}", production=False) as store:
        fill(store, Origin("hanako", "controller-1", "run-1", "abc"), 5)
    return path


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entry_id=st.integers(1, 5),
    column=st.sampled_from(("id", *COLUMNS)),
    value=st.one_of(st.text(max_size=12), st.binary(max_size=4), st.integers(-9, 99), st.floats(allow_nan=False)),
)
def test_any_single_tampered_field_is_found(
    pristine: Path, tmp_path: Path, entry_id: int, column: str, value: Any
) -> None:
    path = tmp_path / "tampered.sqlite3"
    shutil.copy(pristine, path)
    if column == "id":
        assume(isinstance(value, int) and not 1 <= value <= 5)
    anchor = head_of(path)
    select = f'SELECT "{column}" FROM entries WHERE id = ?'
    before = scalar(path, select, entry_id)
    tamper(path, (f'UPDATE entries SET "{column}" = ? WHERE id = ?', (value, entry_id)))
    assume(before != scalar(path, select, entry_id))
    with open_store(f"sqlite:///{path}", production=False) as store:
        assert not store.chain.verify(anchor).ok


def head_of(path: Path) -> Anchor:
    with open_store(f"sqlite:///{path}", production=False) as store:
        return store.chain.head()


def scalar(path: Path, query: str, *values: Any) -> Any:
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    row = connection.execute(query, values).fetchone()
    connection.close()
    return row and row[0]


WRITER = """
import sys
sys.path.insert(0, "collections")
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
name, url = sys.argv[1:]
sys.stdin.readline()
with open_store(url, production=False) as store:
    for number in range(40):
        store.chain.append("custody", name, {"n": number}, Origin(name, "h", name, ""))
"""


def test_two_processes_that_create_the_store_and_append_at_once_lose_nothing(database_file: Path) -> None:
    url = f"sqlite:///{database_file}"
    command = [sys.executable, "-c", WRITER]
    writers = [
        subprocess.Popen(
            [*command, name, url], cwd=REPOSITORY, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("first", "second")
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == ""
        assert writer.returncode == 0
    with open_store(url, production=False) as store:
        assert store.chain.verify().ok
        for name in ("first", "second"):
            numbers = [json.loads(entry.payload_text)["n"] for entry in store.chain.entries(subject=name)]
            assert numbers == list(range(40))


def test_an_entry_is_not_written_when_the_rest_of_its_transaction_fails(store: Store, origin: Origin) -> None:
    def append_then_fail() -> None:
        with store.database.write() as connection:
            store.chain.append_in(connection, "custody", "tape", {}, origin)
            connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")

    with pytest.raises(StoreUnreachableError, match="no_such_table"):
        append_then_fail()
    assert store.chain.head() == START


def test_a_payload_with_a_secret_is_refused_and_nothing_is_written(store: Store, origin: Origin) -> None:
    with pytest.raises(SecretRefusedError, match="password"):
        store.chain.append("custody", "tape", {"login": {"password": "hunter2"}}, origin)
    assert store.chain.head() == START


@pytest.mark.parametrize(
    "payload",
    [{"at": object()}, {"n": float("nan")}, {1: "one"}, {"text": "\ud800"}],
    ids=["object", "not a number", "number as key", "half a character"],
)
def test_a_payload_that_is_not_json_is_refused(store: Store, origin: Origin, payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecordError):
        store.chain.append("custody", "tape", payload, origin)
    assert store.chain.head() == START


def test_a_subject_with_a_control_character_is_refused(store: Store, origin: Origin) -> None:
    with pytest.raises(InvalidRecordError, match="control character"):
        store.chain.append("custody", "tape\x1b[2J", {}, origin)


def test_a_subject_that_no_index_could_hold_is_refused(store: Store, origin: Origin) -> None:
    with pytest.raises(InvalidRecordError, match="401 characters"):
        store.chain.append("custody", "符" * 401, {}, origin)
    assert store.chain.append("custody", "符" * 400, {}, origin).id == 1


def test_a_decision_never_rests_on_a_changed_entry(store: Store, origin: Origin, database_file: Path) -> None:
    fill(store, origin)
    tamper(database_file, ("UPDATE entries SET actor = 'mallory' WHERE id = 2", ()))
    assert store.chain.proven(kind="custody", subject="tape-1")
    with pytest.raises(ChainBrokenError, match="entry 2"):
        store.chain.proven(kind="custody", subject="tape-2")


def test_entries_are_listed_by_kind_and_subject_from_either_side(store: Store, origin: Origin) -> None:
    fill(store, origin)
    store.chain.append("drill", "tape-1", {}, origin)
    assert [entry.id for entry in store.chain.entries(subject="tape-1")] == [1, 7]
    assert [entry.id for entry in store.chain.entries(kind="custody", limit=2, newest_first=True)] == [6, 5]
