"""Waits for a guest from the controller: looks at it with the module guest_patch, over a new connection each time."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

_PAUSE_SECONDS = 0.5
_ARGUMENTS = {
    "left_boot": {"type": "str", "default": ""},
    "timeout_seconds": {"type": "int", "default": 180},
    "health_seconds": {"type": "int", "default": 20},
}


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible ships no types (2026-11-24)
    """kyotsu.platform.guest_settled."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry: the last look, or `unreachable`."""
        super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        started = time.monotonic()
        back: float | None = None
        if arguments["left_boot"]:
            self._start_again()
        while True:
            found = self._look(task_vars or {})
            guest = found.get("guest")
            if guest is not None and guest["boot_id"] != arguments["left_boot"]:
                back = back or time.monotonic()
                healthy = found.get("health", {}).get("code") == 0
                if healthy or found.get("failed") or time.monotonic() - back > arguments["health_seconds"]:
                    return {**found, "changed": False}
            elif time.monotonic() - started > arguments["timeout_seconds"]:
                return self._late(found, arguments["timeout_seconds"])
            time.sleep(_PAUSE_SECONDS)
            self._start_again()

    def _late(self, found: dict[str, Any], seconds: int) -> dict[str, Any]:
        if found.get("guest") is not None:
            return {**found, "failed": True, "msg": f"the guest did not restart within {seconds} s"}
        why = found.get("msg") or "no answer"
        return {"unreachable": True, "changed": False, "msg": f"the guest did not come back within {seconds} s: {why}"}

    def _look(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._execute_module(
                module_name="kyotsu.platform.guest_patch",
                module_args={"state": "looked_at", "health": True},
                task_vars=task_vars,
            )
        except AnsibleConnectionFailure as error:
            return {"msg": str(error)}
        return found

    def _start_again(self) -> None:
        """A connection that a restart has cut must not be used again; one that cannot be reset is gone anyway."""
        with contextlib.suppress(AnsibleError, AttributeError):
            self._connection.reset()
