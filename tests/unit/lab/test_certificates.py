"""The lab's authority and server certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509

from lab import certificates
from lab.certificates import ensure_authority, ensure_server_certificate


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_server_certificate_is_issued_by_the_authority_for_its_names(tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path / "ca", "test")
    server = ensure_server_certificate(tmp_path / "vc", ["vc.lab.test"], authority)
    certificate = load(server.certificate_file)
    certificate.verify_directly_issued_by(load(authority.certificate_file))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "vc.lab.test"]
    assert names.get_values_for_type(x509.IPAddress) == [IPv4Address("127.0.0.1")]


def test_keys_are_private(tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path / "ca", "test")
    server = ensure_server_certificate(tmp_path / "vc", ["vc.lab.test"], authority)
    assert {path.stat().st_mode & 0o777 for path in (authority.key_file, server.key_file)} == {0o600}


def test_second_call_keeps_both(tmp_path: Path) -> None:
    def make() -> tuple[bytes, bytes]:
        authority = ensure_authority(tmp_path / "ca", "test")
        server = ensure_server_certificate(tmp_path / "vc", ["vc.lab.test"], authority)
        return authority.certificate_file.read_bytes(), server.certificate_file.read_bytes()

    assert make() == make()


def test_new_authority_makes_a_new_server_certificate(tmp_path: Path) -> None:
    first = ensure_authority(tmp_path / "ca", "test")
    ensure_server_certificate(tmp_path / "vc", ["vc.lab.test"], first)
    second = ensure_authority(tmp_path / "other", "test")
    server = ensure_server_certificate(tmp_path / "vc", ["vc.lab.test"], second)
    load(server.certificate_file).verify_directly_issued_by(load(second.certificate_file))


def test_certificate_about_to_end_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_VALID_DAYS", 10)
    old = ensure_authority(tmp_path / "ca", "test").certificate_file.read_bytes()
    monkeypatch.undo()
    fresh = ensure_authority(tmp_path / "ca", "test").certificate_file
    assert fresh.read_bytes() != old
    assert load(fresh).not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)
