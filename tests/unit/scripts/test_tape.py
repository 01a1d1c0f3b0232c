"""scripts/tape.py: one command per question, one line per mistake, and the exit code says what was found."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from tests.support.small_estate import ROOT
from tests.support.tapes import ONSITE, START, TO_VAULT, event, proven_key

sys.path.insert(0, str(ROOT / "scripts"))

import tape

ORIGIN = Origin(actor="hanako", host="controller", run_id="run-1", commit="")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.sqlite3"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{file}", production=False, clock=lambda: START + timedelta(days=1)) as opened:
        opened.custody.record(
            [event("register"), event("register", tape="KYT002L8", position="2", pool=ONSITE)],
            lambda _: Facts(),
            ORIGIN,
        )
        copy = NewCopy(
            machine="s31-db-1",
            system="s31",
            backup_class="tape-daily-offsite",
            taken_at=START,
            pool=ONSITE,
            offsite=False,
            tapes=("KYT002L8",),
            size_bytes=1,
            key_id=None,
            job="1",
            manifest_digest="0" * 64,
        )
        (made,) = opened.copies.add([copy], ORIGIN)
        opened.copies.read_back(made.id, ok=True, job="2", origin=ORIGIN)
        opened.custody.record([event(action) for action in TO_VAULT], lambda _: Facts(), ORIGIN)
        yield opened


def run(file: Path, *arguments: str) -> int:
    return tape.main(["--database", f"sqlite:///{file}", *arguments])


def test_where_is_one_command(store: Store, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "where", "kyt001l8") == 0
    out = capsys.readouterr().out
    assert "KYT001L8: 遠隔地保管先（vault CASE-LG-01, seal SEAL-0001） since 2026-11-24 10:00" in out
    assert "last handled by 山田 太郎、鈴木 花子" in out
    assert str(store.chain.head()) in out


def test_where_it_was_at_a_moment(store: Store, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "where", "KYT001L8", "--as-of", "2026-11-23T00:00+09:00") == 2
    assert "no such tape was registered by then" in capsys.readouterr().err
    assert run(file, "where", "KYT001L8", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["place"] == "vault"


def test_history_names_people_evidence_and_entries(
    store: Store, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file, "history", "KYT001L8") == 0
    out = capsys.readouterr().out
    assert "hand-to-courier 集配業者へ引渡し" in out
    assert "manifest MF-20261124-01" in out
    assert "by hanako" in out


def test_list_can_be_narrowed(store: Store, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "list", "--place", "vault") == 0
    assert "KYT002L8" not in (out := capsys.readouterr().out)
    assert "1 tapes" in out


def test_verify_proves_the_chain_and_finds_what_was_cut_off(
    store: Store, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchor = str(store.chain.head())
    assert run(file, "verify", "--anchor", anchor) == 0
    store.close()
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TRIGGER entries_delete")
        connection.execute("DELETE FROM entries WHERE id = (SELECT max(id) FROM entries)")
    connection.close()
    assert run(file, "verify") == 0
    assert run(file, "verify", "--anchor", anchor) == 1
    assert "truncated" in capsys.readouterr().out


def test_verify_finds_a_row_that_was_written_past_the_chain(
    store: Store, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE copies SET size_bytes = 99")
    connection.close()
    assert run(file, "verify") == 1
    assert "size_bytes differ from the chain" in capsys.readouterr().out


def test_a_changed_entry_ends_every_answer(store: Store, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TRIGGER entries_update")
        connection.execute("UPDATE entries SET payload = replace(payload, 'SEAL-0001', 'SEAL-9999')")
    connection.close()
    assert run(file, "where", "KYT001L8") == 1
    assert "was changed after it was written" in capsys.readouterr().err
    assert run(file, "verify") == 1


def test_lost_says_what_is_lost_and_that_it_is_readable(
    store: Store, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file, "lost", "KYT002L8") == 1
    out = capsys.readouterr().out
    assert "NOT ENCRYPTED: 1 copies" in out
    assert "s31: 1 restore points, 1 lost for good" in out
    assert run(file, "lost", "KYT001L8") == 0


def test_kept_says_why(store: Store, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "kept", "KYT002L8", "--as-of", "2026-11-26T00:00+09:00") == 0
    assert "s31-db-1 of 2026-11-24: last good copy" in capsys.readouterr().out
    assert run(file, "kept", "KYT001L8", "--as-of", "2026-11-26T00:00+09:00") == 0
    assert "nothing keeps it" in capsys.readouterr().out


def test_keys_without_escrow_are_found(store: Store, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for each in proven_key()[:-1]:
        store.tape_keys.record(each, ORIGIN)
    assert run(file, "keys", "--as-of", "2026-11-26T00:00+09:00") == 1
    assert "lgwan-g1: " in (out := capsys.readouterr().out)
    assert "nobody has read paper and passphrase back yet" in out


def test_the_closed_table_can_be_read_without_records(capsys: pytest.CaptureFixture[str]) -> None:
    assert tape.main(["transitions", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["hand-to-courier"]["people"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["where", "NONE00L8"],
        ["history", "NONE00L8"],
        ["lost", "NONE00L8"],
        ["kept", "NONE00L8", "--as-of", "2026-11-26T00:00+09:00"],
    ],
)
def test_an_unknown_tape_is_one_line(
    store: Store, file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(file, *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("tape: ")
    assert error.count("\n") == 1


def test_a_password_in_the_url_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert tape.main(["--database", "postgresql://a:b@host/db", "list"]) == 2
    assert "a password in --database" in capsys.readouterr().err
