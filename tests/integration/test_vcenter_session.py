"""What stands between us and a vCenter: each case gives its own error, one line, in time, without the password."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import (
    CertificateRefused,
    LoginRefused,
    PermissionRefused,
    Unreachable,
    VCenterError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import connect
from lab.certificates import ensure_authority
from tests.support.vcenter_lab import VCENTER, VCenterLab, session_of, vcenter_lab

SECONDS = 15


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VCenterLab]:
    with vcenter_lab(tmp_path_factory.mktemp("labs"), "vcenter-session") as running:
        yield running


def refused(lab: VCenterLab, kind: type[VCenterError], **fields: Any) -> str:
    """The message of the refusal, after the checks that hold for every one."""
    endpoint = lab.endpoint(**fields)
    start = time.monotonic()
    with pytest.raises(kind) as caught:
        connect(endpoint)
    message = str(caught.value)
    assert time.monotonic() - start < SECONDS
    assert message.startswith(f"{VCENTER} ({endpoint.hostname}:{endpoint.port}): ")
    assert "\n" not in message
    assert endpoint.password not in message
    assert endpoint.password not in repr(endpoint)
    return message


def test_a_session_knows_the_vcenter_and_counts_its_calls(lab: VCenterLab) -> None:
    with session_of(lab) as session:
        assert session.instance_uuid == lab.laboratory.state()["vcenters"][VCENTER]["instance_uuid"]
        before = session.calls
        assert session.content.rootFolder.name
        assert session.calls == before + 1


def test_calls_are_counted_as_the_vcenter_counts_them(lab: VCenterLab) -> None:
    with session_of(lab) as session:
        lab.control.reset_counters()
        observed = lab.read(session)
        assert lab.control.counters()["total"] == observed.calls


def test_a_read_makes_no_writing_call(lab: VCenterLab) -> None:
    with session_of(lab) as session:
        lab.control.reset_counters()
        lab.read(session)
        assert lab.control.counters()["writing"] == 0


def test_a_wrong_password_is_refused(lab: VCenterLab) -> None:
    assert "check the secret" in refused(lab, LoginRefused, password="not-the-password")


def test_a_certificate_of_another_authority_is_refused(lab: VCenterLab, tmp_path: Path) -> None:
    ensure_authority(tmp_path, "another")
    refused(lab, CertificateRefused, ca_file=str(tmp_path / "ca.pem"))


def test_a_certificate_that_the_system_does_not_know_is_refused(lab: VCenterLab) -> None:
    assert "the system's store" in refused(lab, CertificateRefused, ca_file=None)


def test_a_certificate_for_another_name_is_refused(lab: VCenterLab) -> None:
    assert "host name" in refused(
        lab, CertificateRefused, hostname="127.1"
    )  # the same address by a name that it does not carry


def test_a_missing_ca_file_is_named(lab: VCenterLab, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    assert str(missing) in refused(lab, CertificateRefused, ca_file=str(missing))


def test_a_closed_port_is_unreachable(lab: VCenterLab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refused(lab, Unreachable, port=port)


def test_a_host_that_never_answers_is_unreachable(lab: VCenterLab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "no answer" in refused(lab, Unreachable, port=server.getsockname()[1])


def test_a_host_that_answers_drop_by_drop_is_unreachable(lab: VCenterLab) -> None:
    stop = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            # The head of a TLS record that promises 16 KiB, then a byte now and then.
            connection.sendall(b"\x16\x03\x03\x40\x00")
            while not stop.wait(0.2):
                connection.sendall(b"\x02")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        try:
            refused(lab, Unreachable, port=server.getsockname()[1], timeout_seconds=2.0)
        finally:
            stop.set()
            thread.join()


def test_a_name_that_does_not_resolve_is_unreachable(lab: VCenterLab) -> None:
    assert "DNS" in refused(lab, Unreachable, hostname="vcenter.invalid")


def test_a_plain_web_server_is_no_vcenter(lab: VCenterLab) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert "TLS" in refused(lab, Unreachable, port=server.server_address[1])
        thread.join()


def test_an_account_that_may_only_read_is_told_so(lab: VCenterLab) -> None:
    password = lab.laboratory.password_file(VCENTER, "reader").read_text(encoding="utf-8").strip()
    with connect(lab.endpoint(username="reader@lab.local", password=password)) as session:
        lab.read(session)
        with pytest.raises(PermissionRefused, match="CreateDatacenter"):
            session.content.rootFolder.CreateDatacenter(name="not-allowed")
