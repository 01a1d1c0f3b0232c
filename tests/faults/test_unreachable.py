"""The way to a vCenter is wrong: one clear message, no traceback, in time, and nothing is touched."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from lab.certificates import ensure_authority
from tests.support.estate_lab import EstateLab, Finished, copy_few, estate_lab

VCENTER = "vc-mynumber"
SECONDS = 15


@contextmanager
def lab_file(lab: EstateLab, **fields: object) -> Iterator[None]:
    """lab.json as if the vCenter were elsewhere."""
    file = lab.laboratory.paths.state_file
    before = file.read_text(encoding="utf-8")
    content = json.loads(before)
    for name, value in fields.items():
        if name in content:
            content[name] = value
        else:
            content["vcenters"][VCENTER][name] = value
    file.write_text(json.dumps(content), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


@contextmanager
def wrong_password(lab: EstateLab) -> Iterator[None]:
    files = [lab.laboratory.password_file(VCENTER, account) for account in ("automation", "reader")]
    before = [file.read_text(encoding="utf-8") for file in files]
    for file in files:
        file.write_text("wrong", encoding="utf-8")
    try:
        yield
    finally:
        for file, text in zip(files, before, strict=True):
            file.write_text(text, encoding="utf-8")


@contextmanager
def wrong_authority(lab: EstateLab) -> Iterator[None]:
    folder = lab.laboratory.paths.root / "other-ca"
    other = ensure_authority(folder, "other")
    with lab_file(lab, ca_file=str(other.certificate_file)):
        yield
    shutil.rmtree(folder)


@contextmanager
def no_authority(lab: EstateLab) -> Iterator[None]:
    with lab_file(lab, ca_file=str(lab.laboratory.paths.root / "ca" / "none.pem")):
        yield


@contextmanager
def nothing_listens(lab: EstateLab) -> Iterator[None]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with lab_file(lab, port=port):
        yield


@contextmanager
def answers_nothing(lab: EstateLab) -> Iterator[None]:
    """It takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        with lab_file(lab, port=server.getsockname()[1]):
            yield


@contextmanager
def swallows_packets(lab: EstateLab) -> Iterator[None]:
    """Its queue of connections is full, so that the kernel drops whoever comes: as behind a firewall that drops."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        with lab_file(lab, port=server.getsockname()[1]):
            yield


WAYS: dict[str, tuple[Callable[[EstateLab], AbstractContextManager[None]], str]] = {
    "wrong password": (wrong_password, "user {account}@lab.local or its password is refused"),
    "wrong authority": (wrong_authority, "its certificate is refused"),
    "no authority": (no_authority, "none.pem"),
    "nothing listens": (nothing_listens, "Connection refused"),
    "answers nothing": (answers_nothing, "no answer"),
    "swallows packets": (swallows_packets, "no answer"),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EstateLab]:
    with estate_lab(copy_few(tmp_path_factory.mktemp("ways")), "ways") as running:
        yield running


@pytest.mark.parametrize(
    ("playbook", "account", "way"),
    [*(("plan", "reader", way) for way in WAYS), ("foundation", "automation", "wrong password")],
)
def test_it_is_told_in_one_message_and_in_time(lab: EstateLab, playbook: str, account: str, way: str) -> None:
    breaks, message = WAYS[way]
    lab.reset_counters()
    with breaks(lab):
        run = lab.playbook(playbook)
    assert_one_message(run, message.format(account=account))
    assert run.seconds < SECONDS
    assert lab.writing_calls() == 0


def assert_one_message(run: Finished, text: str) -> None:
    assert run.code != 0
    output = " ".join(run.output.split())
    assert text in output
    assert f"{VCENTER} (" in output or "vc-kyotsu (" in output  # both have one authority, and one message is enough
    for word in ("Traceback", "Exception", 'File "/'):
        assert word not in run.output, run.output


def test_after_all_that_the_right_way_works(lab: EstateLab) -> None:
    assert lab.playbook("foundation").code == 0
    assert lab.records("locks").output.startswith("no locks")


def test_a_lab_that_is_not_running_is_told_with_what_to_do(lab: EstateLab, tmp_path: Path) -> None:
    run = lab.playbook("plan", KYOTSU_LAB="none")
    assert run.code != 0
    assert "make lab-up" in run.output
    assert "Traceback" not in run.output
