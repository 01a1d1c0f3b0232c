"""The manager's socket: HTTP and JSON, one path per operation."""

from __future__ import annotations

import json
import logging
import socketserver
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from lab.errors import LabError
from lab.guests.machine import Machine
from lab.guests.manager import Manager, require_known

log = logging.getLogger("guests")

_Operation = Callable[[dict[str, Any]], Any]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves a manager. The path is relative to the working folder: a socket's path may have 107 bytes only."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, path: str, manager: Manager) -> None:
        super().__init__(path, _Handler)
        self.operations = operations(manager)


def operations(manager: Manager) -> dict[str, _Operation]:
    """Give what each path does with its JSON body."""

    def machine(body: dict[str, Any], name: str = "machine") -> Machine:
        found = Machine.from_json(body[name])
        require_known(found)
        return found

    return {
        "/power-on": lambda body: manager.power_on(machine(body)),
        "/power-off": lambda body: manager.power_off(machine(body)),
        "/shut-down": lambda body: manager.shut_down(machine(body)),
        "/reset": lambda body: manager.reset(machine(body)),
        "/reboot": lambda body: manager.reboot(machine(body)),
        "/reconfigure": lambda body: manager.reconfigure(machine(body)),
        "/destroy": lambda body: manager.destroy(machine(body)),
        "/unregister": lambda body: manager.unregister(machine(body)),
        "/snapshot/stage": lambda body: manager.stage_snapshot(machine(body), bool(body.get("quiesce"))),
        "/snapshot/name": lambda body: manager.name_snapshot(machine(body), body["snapshot"]),
        "/snapshot/revert": lambda body: manager.revert(machine(body), body["snapshot"]),
        "/snapshot/keep": lambda body: manager.keep_snapshots(machine(body)),
        "/clone": lambda body: manager.clone(machine(body), machine(body, "target"), body.get("snapshot") or None),
        "/reconcile": lambda body: manager.reconcile(
            body["vcenter"], [Machine.from_json(each) for each in body["machines"]]
        ),
        "/guests": lambda _body: {"guests": manager.list()},
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._answer(json.loads(text or b"{}"))

    def _answer(self, body: dict[str, Any]) -> None:
        operation = self.server.operations.get(self.path)
        if operation is None:
            self._send(HTTPStatus.NOT_FOUND, {"error": f"no operation {self.path}"})
            return
        try:
            self._send(HTTPStatus.OK, operation(body))
        except LabError as error:
            log.warning("%s: %s", self.path, error)
            self._send(HTTPStatus.CONFLICT, {"error": str(error)})
        except Exception as error:  # the caller must learn that it did not happen
            log.exception("%s", self.path)
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": f"{type(error).__name__}: {error}"})

    def _send(self, status: HTTPStatus, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        """A unix socket's client has no address."""
        return "local"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by what they do."""
