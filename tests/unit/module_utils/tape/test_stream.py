"""The stream program over files and over HTTPS: what comes is measured, and short is never good."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab.certificates import ensure_authority, ensure_server_certificate
from tests.support.small_estate import ROOT

PROGRAM = ROOT / "plugins/module_utils/tape/stream.py"
CONTENT = os.urandom(3_000_001)


@dataclass
class Server:
    """Serves CONTENT, promises `promise` bytes of it, keeps what is put."""

    url: str
    ca_file: Path
    promise: int = len(CONTENT)
    kept: dict[str, bytes] = field(default_factory=dict)
    cookies: list[str | None] = field(default_factory=list)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    authority = ensure_authority(tmp_path / "ca", "stream")
    certificate = ensure_server_certificate(tmp_path / "server", ["nfc.test"], authority)
    state = Server("", authority.certificate_file)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.cookies.append(self.headers["Cookie"])
            self.send_response(200)
            self.send_header("Content-Length", str(state.promise))
            self.end_headers()
            self.wfile.write(CONTENT)

        def do_PUT(self) -> None:
            if self.path == "/full":
                self.send_error(507)
                return
            state.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate_file, certificate.key_file)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    state.url = f"https://127.0.0.1:{http.server_address[1]}"
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield state
    http.shutdown()
    http.server_close()


def stream(folder: Path, direction: str, job: dict[str, Any], given: bytes = b"") -> tuple[bytes, dict[str, Any]]:
    """Run the program as the client does; give its output and its status, which must agree with its exit code."""
    (folder / "disk0.json").write_text(json.dumps(job))
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM, direction, folder / "disk0.json"], input=given, capture_output=True, check=False
    )
    status: dict[str, Any] = json.loads((folder / "disk0.status.json").read_text())
    assert done.returncode == status["exit"]
    return done.stdout, status


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", PROGRAM, "check", folder], capture_output=True, text=True, check=False)


def test_a_file_is_read_and_measured(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(CONTENT)
    output, status = stream(tmp_path, "read", {"source": {"file": str(tmp_path / "source")}})
    assert output == CONTENT
    assert (status["bytes"], status["sha256"]) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert check(tmp_path).returncode == 0


def test_an_address_is_read_with_the_cookie_of_its_lease(tmp_path: Path, server: Server) -> None:
    source = {"url": f"{server.url}/disk", "ca_file": str(server.ca_file), "headers": {"Cookie": "lease=1"}}
    output, status = stream(tmp_path, "read", {"source": source})
    assert (output, status["exit"], server.cookies) == (CONTENT, 0, ["lease=1"])


def test_a_server_that_sends_less_than_it_promised_is_an_error(tmp_path: Path, server: Server) -> None:
    server.promise += 1000
    source = {"url": f"{server.url}/disk", "ca_file": str(server.ca_file)}
    _, status = stream(tmp_path, "read", {"source": source})
    assert status["exit"] == 1
    assert "promised 3001001 bytes and sent 3000001" in status["error"] or "IncompleteRead" in status["error"]
    assert check(tmp_path).returncode == 1


def test_a_certificate_of_another_authority_is_refused(tmp_path: Path, server: Server) -> None:
    other = ensure_authority(tmp_path / "other", "other").certificate_file
    output, status = stream(tmp_path, "read", {"source": {"url": server.url, "ca_file": str(other)}})
    assert (output, status["exit"]) == (b"", 1)
    assert "CERTIFICATE_VERIFY_FAILED" in status["error"]


def test_an_address_without_tls_is_refused(tmp_path: Path) -> None:
    _, status = stream(tmp_path, "read", {"source": {"url": "http://127.0.0.1:1/"}})
    assert "https://" in status["error"]


def test_what_comes_back_is_put_to_an_address(tmp_path: Path, server: Server) -> None:
    target = {"url": f"{server.url}/disk", "ca_file": str(server.ca_file), "bytes": len(CONTENT)}
    _, status = stream(tmp_path, "write", {"target": target}, CONTENT)
    assert (status["exit"], server.kept) == (0, {"/disk": CONTENT})


def test_a_server_that_refuses_is_an_error(tmp_path: Path, server: Server) -> None:
    target = {"url": f"{server.url}/full", "ca_file": str(server.ca_file), "bytes": 4}
    _, status = stream(tmp_path, "write", {"target": target}, b"data")
    assert status["exit"] == 1


def test_a_file_of_the_wrong_hash_does_not_pass(tmp_path: Path) -> None:
    job = {"target": {"file": str(tmp_path / "restored")}, "expected_sha256": "0" * 64}
    _, status = stream(tmp_path, "write", job, b"data")
    assert "SHA-256" in status["error"]
    assert not (tmp_path / "restored").exists()


def test_a_reader_that_was_killed_leaves_no_status_and_fails_the_check(tmp_path: Path) -> None:
    (tmp_path / "disk0.json").write_text("{}")
    done = check(tmp_path)
    assert (done.returncode, done.stdout.strip()) == (1, "disk0: its reader did not end by itself")


def test_a_job_without_streams_fails_the_check(tmp_path: Path) -> None:
    assert check(tmp_path).returncode == 1


def test_a_reader_waits_for_a_file_that_is_put_there_when_it_is_whole(tmp_path: Path) -> None:
    late = tmp_path / "late"
    job = tmp_path / "disk0.json"
    job.write_text(json.dumps({"source": {"file": str(late), "wait_seconds": 20}}), encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(PROGRAM), "read", str(job)], stdout=subprocess.PIPE)
    fresh = tmp_path / "fresh"
    fresh.write_bytes(CONTENT)
    fresh.replace(late)
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, CONTENT)


def test_a_file_that_never_comes_breaks_the_stream(tmp_path: Path) -> None:
    job = tmp_path / "disk0.json"
    job.write_text(json.dumps({"source": {"file": str(tmp_path / "late"), "wait_seconds": 0.2}}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "read", str(job)], capture_output=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert "did not come within" in json.loads((tmp_path / "disk0.status.json").read_text(encoding="utf-8"))["error"]
