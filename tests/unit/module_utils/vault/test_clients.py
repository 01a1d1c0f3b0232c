"""What a client says of itself, what its configuration names, and one clear line for everything that is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import KeyStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import SettingsMissing
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import (
    DatabaseSettings,
    LibrarySettings,
    PortSettings,
    TapeSettings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.clients import keys_in_use
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.keys import fingerprint, new_key_pair, write_secret
from tests.support.tapes import START

CONFIGURATION = """FileDaemon {{
  Name = lgwan-fd
  {line}
}}
"""


@dataclass
class Server:
    """A director that answers what a test wants, and the files of one client."""

    folder: Path
    settings: TapeSettings

    @property
    def key(self) -> Path:
        return self.folder / "lgwan-fd.pem"

    @property
    def configuration(self) -> Path:
        return self.folder / "lgwan-fd.conf"

    def answer(self, text: str) -> None:
        (self.folder / "answer").write_text(text, encoding="utf-8")

    def started(self, seconds: float) -> None:
        self.answer(f"name=lgwan-fd\nstarted_epoch={int(seconds)}\npid=1\n")

    def asked(self) -> KeyInUse | str:
        """The key, or the reason in English."""
        status = KeyStatus("lgwan-g1", fingerprint(self.key), created_at=START, changed_at=START)
        found = keys_in_use(TapeJobs(self.settings), {"lgwan-g1": status}, ["lgwan"])["lgwan"]
        return found if isinstance(found, KeyInUse) else found.en


@pytest.fixture(scope="module")
def pair() -> bytes:
    """Certificate and key: one for all, since making one takes its time."""
    return b"".join(new_key_pair("lgwan-fd"))


@pytest.fixture
def server(tmp_path: Path, pair: bytes) -> Server:
    program = tmp_path / "bconsole"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\necho '1000 OK: 103 director'\ncat {tmp_path}/answer\n", "utf-8")
    program.chmod(0o755)
    settings = TapeSettings(
        programs=str(tmp_path),
        library_path="",
        consoles={"automation": ""},
        database=DatabaseSettings("", 0, "", "", ""),
        jobs_folder="",
        streams_folder="",
        stream_program="",
        clients={"lgwan": "lgwan-fd"},
        pools={},
        library=LibrarySettings(storage="library", changer="", mtx="", mt="", drives=()),
        standalone=(),
        ports=PortSettings(0, 0),
        client_configurations={"lgwan-fd": str(tmp_path / "lgwan-fd.conf")},
    )
    found = Server(tmp_path, settings)
    write_secret(found.key, pair)
    found.configuration.write_text(CONFIGURATION.format(line=f'PKI Keypair = "{found.key}"'), encoding="utf-8")
    found.started(time.time() + 1)
    return found


def test_the_key_is_that_of_the_file_which_the_configuration_names(server: Server) -> None:
    assert isinstance(server.asked(), KeyInUse)
    # The tape software takes any case and any spaces for the same word.
    server.configuration.write_text(CONFIGURATION.format(line=f"pkikeypair={server.key}"), encoding="utf-8")
    assert isinstance(server.asked(), KeyInUse)


def test_a_key_that_was_moved_into_place_after_the_start_is_seen_whatever_its_own_time(server: Server) -> None:
    server.started(time.time() - 100)
    os.utime(server.key, (1, 1))
    assert "start the client anew" in str(server.asked())


def test_a_configuration_that_was_changed_after_the_start_is_seen(server: Server) -> None:
    made = os.stat(server.key).st_ctime
    server.started(made)
    while int(time.time()) <= int(made):
        time.sleep(0.05)
    server.configuration.write_text(CONFIGURATION.format(line=f'PKI Keypair = "{server.key}"'), encoding="utf-8")
    assert "start the client anew" in str(server.asked())


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda server: server.answer("Failed to connect to Client lgwan-fd.\n"), "does not answer the director"),
        (lambda server: server.configuration.unlink(), "lgwan-fd.conf: No such file"),
        (lambda server: server.configuration.write_text("FileDaemon {}"), "names no PKI Keypair"),
        (lambda server: server.key.chmod(0o644), "others can read it"),
    ],
    ids=["silent", "no configuration", "no encryption", "open key"],
)
def test_what_is_not_known_is_one_line(server: Server, spoil: Callable[[Server], None], reason: str) -> None:
    status = KeyStatus("lgwan-g1", "SHA256:x", created_at=START, changed_at=START)
    spoil(server)
    found = keys_in_use(TapeJobs(server.settings), {"lgwan-g1": status}, ["lgwan"])["lgwan"]
    assert not isinstance(found, KeyInUse)
    assert reason in found.en
    assert "\n" not in found.en


def test_nobody_is_asked_where_the_records_have_no_key_or_the_software_no_client(server: Server) -> None:
    server.answer("")
    found = keys_in_use(TapeJobs(server.settings), {}, ["lgwan", "mynumber"])
    reasons = {segment: each.en for segment, each in found.items() if not isinstance(each, KeyInUse)}
    assert reasons.keys() == {"lgwan", "mynumber"}
    assert reasons["lgwan"].startswith("no key of segment lgwan is in the records")
    assert reasons["mynumber"].startswith("the tape software has no client of segment mynumber")


def test_settings_that_do_not_name_the_configuration_of_a_client_end_the_run(server: Server) -> None:
    settings = msgspec.structs.replace(server.settings, client_configurations={})
    status = KeyStatus("lgwan-g1", "SHA256:x", created_at=START, changed_at=START)
    with pytest.raises(SettingsMissing, match="names no file for lgwan-fd"):
        keys_in_use(TapeJobs(settings), {"lgwan-g1": status}, ["lgwan"])
