"""Where the records are, and passwords that come by file or by variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import StoreRefusedError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.location import (
    default_url,
    has_password,
    read_password_file,
    read_password_variable,
)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "sqlite:////repository/.lab/default/records.sqlite3"),
        ({"KYOTSU_LAB": "second"}, "sqlite:////repository/.lab/second/records.sqlite3"),
        ({"KYOTSU_LAB": "second", "KYOTSU_RECORDS_URL": "sqlite:////var/r"}, "sqlite:////var/r"),
    ],
)
def test_the_environment_names_the_records(environment: dict[str, str], url: str) -> None:
    assert default_url(Path("/repository"), environment) == url


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("postgresql+psycopg://kyotsu:hunter2@db/records", True),
        ("postgresql+psycopg://kyotsu@db/records?password=hunter2", True),
        ("postgresql+psycopg://kyotsu@db:5432/records?sslmode=verify-full", False),
        ("sqlite:////var/lib/records.sqlite3", False),
    ],
)
def test_a_password_in_a_url_is_seen(url: str, *, answer: bool) -> None:
    assert has_password(url) is answer


def test_a_password_file_of_the_owner_is_read(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("hunter2 \n")
    path.chmod(0o600)
    assert read_password_file(path) == "hunter2 "


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("hunter2\n")
    path.chmod(0o640)
    with pytest.raises(StoreRefusedError, match=r"mode 0640.*chmod 600"):
        read_password_file(path)


@pytest.mark.parametrize("content", [b"", b"\nsecond", b"\xff\xfe"])
def test_a_password_file_without_a_password_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StoreRefusedError):
        read_password_file(path)


def test_a_missing_password_file_or_variable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreRefusedError, match="No such file"):
        read_password_file(tmp_path / "password")
    with pytest.raises(StoreRefusedError, match="RECORDS_PW is not set"):
        read_password_variable("RECORDS_PW", {})
    assert read_password_variable("RECORDS_PW", {"RECORDS_PW": "hunter2"}) == "hunter2"
