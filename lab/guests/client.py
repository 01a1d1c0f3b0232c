"""Client of the guest manager's socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.control import call_socket
from lab.errors import LabError

_RECONCILE_SECONDS = 600.0


class ManagerClient:
    """Calls to one manager. Every method raises LabError if it does not answer or refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def answers(self) -> bool:
        """Tell whether it is ready."""
        try:
            self.guests()
        except LabError:
            return False
        return True

    def guests(self) -> list[dict[str, Any]]:
        """Give one entry per machine that the manager knows; `pid` is None where nothing runs."""
        guests: list[dict[str, Any]] = call_socket(self._path, "GET", "/guests")["guests"]
        return guests

    def reconcile(self, vcenter: str, machines: list[dict[str, Any]]) -> dict[str, str]:
        """Make the guests of a vCenter what its machines say; give what failed, by name."""
        body = {"vcenter": vcenter, "machines": machines}
        answer = call_socket(self._path, "POST", "/reconcile", body, seconds=_RECONCILE_SECONDS)
        failures: dict[str, str] = answer["failures"]
        return failures
