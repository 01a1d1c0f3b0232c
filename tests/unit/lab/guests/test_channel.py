"""What a guest says is not trusted: no link is followed, nothing long or strange is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.guests import channel

KEY = "ssh-ed25519 " + "A" * 68


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    channel.open_channel(tmp_path, {"guestinfo.metadata": "e30=", "kyotsu.key": "s01-db-1"})
    return tmp_path


def test_guest_sees_its_guestinfo_and_nothing_else_of_its_record(folder: Path) -> None:
    assert [path.name for path in (folder / "get").iterdir()] == ["guestinfo.metadata"]


def test_values_that_the_guest_sets_are_read(folder: Path) -> None:
    (folder / "set" / channel.HOST_KEY).write_text(KEY + "\n")
    assert channel.said(folder) == {channel.HOST_KEY: KEY}


@pytest.mark.parametrize(
    "value", ["", "ssh-ed25519", f"{KEY}\n{KEY}", f"{KEY} comment", "-----BEGIN OPENSSH PRIVATE KEY-----"]
)
def test_host_key_of_another_form_is_not_taken(folder: Path, value: str) -> None:
    (folder / "set" / channel.HOST_KEY).write_text(value)
    assert channel.said(folder) == {}


@pytest.mark.parametrize("name", ["kyotsu.key", "guestinfo", "guestinfo.a b", ".guestinfo.x.new"])
def test_other_names_are_not_taken(folder: Path, name: str) -> None:
    (folder / "set" / name).write_text("x")
    assert channel.said(folder) == {}


def test_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / "set" / "guestinfo.x").symlink_to(secret)
    (folder / "set" / "tools").symlink_to(secret)
    assert channel.said(folder) == {}
    assert channel.tools(folder) is None


def test_long_value_is_cut(folder: Path) -> None:
    (folder / "set" / "guestinfo.x").write_text("x" * 100_000)
    assert len(channel.said(folder)["guestinfo.x"]) == 4096


def test_a_new_start_forgets_what_was_said_before(folder: Path) -> None:
    (folder / "set" / "guestinfo.x").write_text("x")
    (folder / "set" / "heartbeat").write_text("")
    channel.open_channel(folder, {})
    assert channel.said(folder) == {}
    assert channel.heartbeat(folder) is None
    assert list((folder / "get").iterdir()) == []


def test_tools_tell_name_and_addresses(folder: Path) -> None:
    (folder / "set" / "tools").write_text("hostname s01-db01\neth0 198.18.0.50/22\nstrange line of four\n")
    assert channel.tools(folder) == ("s01-db01", [("eth0", "198.18.0.50/22")])
