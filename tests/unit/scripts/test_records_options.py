"""How a script finds and opens the records, whatever it is about."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import StoreRefusedError
from scripts._records import add_database_options, checked, open_records


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_database_options(parser.add_argument_group("records"))
    return parser.parse_args(arguments)


@pytest.fixture(autouse=True)
def _no_address_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KYOTSU_RECORDS_URL", raising=False)
    monkeypatch.setenv("KYOTSU_LAB", "one")


def test_without_an_address_it_is_the_labs_file(tmp_path: Path) -> None:
    (tmp_path / ".lab/one").mkdir(parents=True)
    with open_records(options(), tmp_path, create=True) as store:
        assert store.chain.entries() == []
    assert (tmp_path / ".lab/one/records.sqlite3").exists()


def test_the_environment_names_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KYOTSU_RECORDS_URL", f"sqlite:///{tmp_path / 'other.sqlite3'}")
    with open_records(options(), tmp_path, create=True):
        assert (tmp_path / "other.sqlite3").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--database", "postgresql+psycopg://me:secret@host/records"), "use --password-file"),
        (("--production",), "production"),
        ((), "records.sqlite3"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(StoreRefusedError, match=told) as refused:
        open_records(options(*arguments), tmp_path)
    assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("word\n", encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(StoreRefusedError, match="chmod 600"):
        open_records(options("--password-file", str(file)), tmp_path)


def test_what_a_reader_refuses_is_wrong_use() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="has no zone"):
        checked(clock.from_text)("2026-12-01T18:00")
