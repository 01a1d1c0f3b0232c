"""Client of a simulator's control socket: health, counters, delays, faults, world."""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any

from lab.errors import LabError

_TIMEOUT_SECONDS = 60


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path
        self._seconds = seconds

    def connect(self) -> None:
        # A socket's path may have 107 bytes only; through its folder's descriptor it is always short.
        folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self._seconds)
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


class Control:
    """One simulator's control API. Every method raises LabError if the simulator does not answer or refuses."""

    def __init__(self, control_socket: Path | str) -> None:
        self._path = Path(control_socket)

    def health(self) -> dict[str, Any]:
        """Give vcenter, port, pid, objects by type and journal_bytes."""
        return self._object("GET", "/health")

    def counters(self) -> dict[str, Any]:
        """Give `methods` (calls by name), `reading`, `writing` and `total`."""
        return self._object("GET", "/counters")

    def reset_counters(self) -> None:
        """Start counting from zero."""
        self._call("POST", "/counters/reset")

    def set_delays(
        self, *, all_ms: int = 0, methods: dict[str, int] | None = None, tasks: dict[str, int] | None = None
    ) -> None:
        """Delay every call, calls of some methods, or tasks; milliseconds.

        A task's name is the last part of its TaskInfo.descriptionId with a capital: CloneVm, ReconfigVm, PowerOn.
        """
        self._call("POST", "/delays", {"all_ms": all_ms, "methods": methods or {}, "tasks": tasks or {}})

    def add_fault(  # the API's own fields
        self,
        method: str,
        fault: str,
        *,
        name_pattern: str = "",
        count: int = 1,
        as_: str = "",
        message: str = "injected by the lab",
    ) -> None:
        """Make the next `count` calls (0: all) of a method fail for machines whose name matches a shell pattern.

        `as_` is "task" (the task ends in error; default for …_Task) or "call" (the call itself is refused).
        """
        rule = {"method": method, "fault": fault, "name_pattern": name_pattern, "count": count, "message": message}
        self._call("POST", "/faults", {**rule, "as": as_})

    def faults(self) -> list[dict[str, Any]]:
        """Give the rules and how often each has hit."""
        rules: list[dict[str, Any]] = self._call("GET", "/faults")
        return rules

    def clear_faults(self) -> None:
        """Remove every rule."""
        self._call("DELETE", "/faults")

    def set_world(self, world: dict[str, Any]) -> None:
        """Replace the hardware of hosts and the size of datastores (keys hosts, datastores)."""
        self._call("POST", "/world", world)

    def machines(self) -> list[dict[str, Any]]:
        """Give every virtual machine that is no template, as the guest manager is told of it."""
        machines: list[dict[str, Any]] = self._call("GET", "/machines")
        return machines

    def tell_guest(self, reference: str, state: dict[str, Any]) -> None:
        """Write what a guest says of itself into its machine: guest.*, guestinfo, power."""
        self._call("POST", "/guest", {"reference": reference, **state})

    def tell_usage(self, machines: list[dict[str, Any]]) -> None:
        """Write what guests use (a reference each, see usage.rates) into counters and quickStats."""
        self._call("POST", "/usage", {"machines": machines})

    def _object(self, method: str, path: str) -> dict[str, Any]:
        value: dict[str, Any] = self._call(method, path)
        return value

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return call_socket(self._path, method, path, body)


def call_socket(
    socket_path: Path, method: str, path: str, body: Any = None, *, seconds: float = _TIMEOUT_SECONDS
) -> Any:
    """One call to a process of the lab. Raises LabError if it does not answer, or with what it says if it refuses."""
    connection = _UnixConnection(socket_path, seconds)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, body=text, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    except OSError as error:
        raise LabError(f"{socket_path}: nobody answers ({error}); run make lab-status") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise LabError(f"{method} {path}: {content.decode(errors='replace').strip()}")
    return json.loads(content)
