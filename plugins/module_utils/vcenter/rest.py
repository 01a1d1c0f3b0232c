"""vCenter's REST interface, as far as tags need it: SOAP has no tags."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import ssl
import threading
import time
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import (
    Fault,
    LoginRefused,
    PermissionRefused,
    SessionLost,
    VCenterError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.stub import (
    ANSWER_SECONDS,
    Counter,
    Endpoint,
    translate,
)

SESSION_PATH = "/rest/com/vmware/cis/session"
SESSION_HEADER = "vmware-api-session-id"
# A connection that rested longer is not used again: what stands before a vCenter closes idle ones without a word, and a
# machine's tags come minutes after the last request, when its clone is done.
IDLE_SECONDS = 10.0


class RestClient:
    """JSON over HTTPS with vCenter's session header; safe between threads, each request on a pooled connection."""

    def __init__(self, endpoint: Endpoint, counter: Counter) -> None:
        self.endpoint = endpoint
        self._counter = counter
        self._context: ssl.SSLContext = endpoint.tls_context()
        self._pool: list[tuple[http.client.HTTPSConnection, float]] = []  # and when it was last used
        self._lock = threading.Lock()
        self._token: str | None = None

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """One request; gives the "value" of the answer. An ended session is renewed once.

        Raises Fault (kind: vAPI's error, e.g. "already_exists"), LoginRefused, PermissionRefused, Unreachable.
        """
        token = self._log_in(None)
        status, value = self._exchange(method, path, body, {SESSION_HEADER: token})
        if status == 401:
            status, value = self._exchange(method, path, body, {SESSION_HEADER: self._log_in(token)})
        if status == 401:
            raise SessionLost(f"{self.endpoint.where}: the REST session has ended: run the command again")
        return self._checked(method, path, status, value)

    def close(self) -> None:
        """Log out and close the connections."""
        if self._token is not None:
            with contextlib.suppress(VCenterError):
                self._exchange("DELETE", SESSION_PATH, None, {SESSION_HEADER: self._token})
        self._token = None
        for connection, _ in self._pool:
            connection.close()
        self._pool.clear()

    def _log_in(self, stale: str | None) -> str:
        with self._lock:
            if self._token is not None and self._token != stale:
                return self._token
        credentials = f"{self.endpoint.username}:{self.endpoint.password}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
        status, value = self._exchange("POST", SESSION_PATH, None, headers)
        if status == 401:
            raise LoginRefused(
                f"{self.endpoint.where}: REST refuses user {self.endpoint.username} or its password: "
                "check the secret of this vCenter"
            )
        token = str(self._checked("POST", SESSION_PATH, status, value))
        with self._lock:
            self._token = token
        return token

    def _exchange(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        self._counter.add()
        payload = None if body is None else json.dumps(body)
        headers = {"Accept": "application/json", **headers}
        if method in ("POST", "PATCH"):
            # Also without a body, as vSphere's own clients do: what no client leaves out, nobody knows the answer to.
            headers["Content-Type"] = "application/json"
        connection = self._connection()
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise translate(self.endpoint, error) from error
        with self._lock:
            self._pool.append((connection, time.monotonic()))
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text.decode(errors="replace")

    def _connection(self) -> http.client.HTTPSConnection:
        """The connection that was used last, or a new one where that has rested too long."""
        with self._lock:
            resting, used = self._pool.pop() if self._pool else (None, 0.0)
        if resting is not None:
            if time.monotonic() - used < IDLE_SECONDS:
                return resting
            resting.close()
        return http.client.HTTPSConnection(
            self.endpoint.hostname, self.endpoint.port, context=self._context, timeout=ANSWER_SECONDS
        )

    def _checked(self, method: str, path: str, status: int, value: Any) -> Any:
        if status < 300:
            return value["value"] if isinstance(value, dict) and "value" in value else value
        where = f"{self.endpoint.where}: {method} {path}"
        kind, text = f"HTTP {status}", ""
        if isinstance(value, dict):
            kind = str(value.get("type", kind)).rsplit(".", 1)[-1]
            detail = value.get("value")
            messages = detail.get("messages", []) if isinstance(detail, dict) else []
            text = " ".join(str(message.get("default_message", "")) for message in messages)
        if status == 403 or kind == "unauthorized":
            raise PermissionRefused(
                f"{where}: user {self.endpoint.username} may not do this: give its role the tagging privileges"
            )
        raise Fault(where, kind, text)
