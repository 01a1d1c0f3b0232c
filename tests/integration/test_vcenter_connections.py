"""What a real vCenter, or what stands before it, does on the wire and the simulator does not."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import rest
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import SessionLost, Unreachable
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.rest import RestClient
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.stub import Counter, Endpoint, Stub
from lab.certificates import ensure_authority, ensure_server_certificate

_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)
REFUSED = _ENVELOPE.format(
    "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>The session is not authenticated.</faultstring>"
    '<detail><NotAuthenticatedFault xmlns="urn:vim25" xsi:type="NotAuthenticated"><object '
    'type="SessionManager">SessionManager</object></NotAuthenticatedFault></detail></soapenv:Fault>'
)
DONE = _ENVELOPE.format('<LogoutResponse xmlns="urn:vim25"></LogoutResponse>')


@contextmanager
def server(folder: Path, answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[Endpoint]:
    """A TLS server that answers each request as told, and where it is."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name that http.server asks for
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self)

        do_GET = do_DELETE = do_POST  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    authority = ensure_authority(folder / "ca", "connections")
    files = ensure_server_certificate(folder / "server", ["localhost"], authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate_file, files.key_file)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Endpoint(
                "vc", "127.0.0.1", running.server_address[1], "user", "word", str(authority.certificate_file)
            )
        finally:
            running.shutdown()
            thread.join()


def reply(request: http.server.BaseHTTPRequestHandler, status: int, text: str, cookie: str | None = None) -> None:
    """Send an answer and keep the connection."""
    request.send_response(status)
    if cookie is not None:
        request.send_header("Set-Cookie", cookie)
    request.send_header("Content-Length", str(len(text.encode())))
    request.end_headers()
    request.wfile.write(text.encode())


def test_a_refusal_does_not_put_its_cookie_in_the_place_of_a_session(tmp_path: Path) -> None:
    answers = iter([(500, REFUSED, "session=nobody"), (200, DONE, None), (200, DONE, "session=renewed")])

    with server(tmp_path, lambda request: reply(request, *next(answers))) as endpoint:
        stub = Stub(endpoint, Counter())
        stub.cookie = "session=ours"
        manager = vim.SessionManager("SessionManager", stub)
        with pytest.raises(SessionLost):
            manager.Logout()
        assert stub.cookie == "session=ours"
        manager.Logout()
        assert stub.cookie == "session=ours"
        manager.Logout()
        assert stub.cookie == "session=renewed"
        stub.DropConnections()


def test_a_rest_connection_that_was_closed_while_it_rested_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        reply(request, 200, '{"value": "token"}')
        request.close_connection = True  # without a word: the client takes it for open

    with server(tmp_path, answer) as endpoint:
        client = RestClient(endpoint, Counter())
        with pytest.raises(Unreachable):
            client.request("GET", "/at/once")
        client.close()

        monkeypatch.setattr(rest, "IDLE_SECONDS", 0.0)
        client = RestClient(endpoint, Counter())
        assert client.request("GET", "/after/a/rest") == "token"
        client.close()
