"""Waits for a guest from the controller: asks its shell, over a new connection each time, and then looks at it."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.kyotsu.platform.plugins.module_utils.guest_patch import BOOT_FILES, boot_id

_PAUSE_SECONDS = 0.5
_QUESTION = f"cat {' '.join(BOOT_FILES)} && kyotsu-health"
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
        left, seconds = arguments["left_boot"], arguments["timeout_seconds"]
        deadline = time.monotonic() + seconds
        healthy_by: float | None = None
        if left:
            self._start_again()
        while True:
            boot, healthy, error = self._ask()
            if boot and boot != left:
                healthy_by = healthy_by or time.monotonic() + arguments["health_seconds"]
                late = time.monotonic() > healthy_by
                if healthy or late:
                    found = self._look(task_vars or {})
                    error = found.get("msg", "")
                    if found.get("failed") or ("guest" in found and (late or found["health"]["code"] == 0)):
                        return {**found, "changed": False}
            if time.monotonic() > max(deadline, healthy_by or deadline):
                return self._late(self._look(task_vars or {}) if boot and boot == left else {}, error, seconds)
            time.sleep(_PAUSE_SECONDS)
            self._start_again()

    def _late(self, found: dict[str, Any], error: str, seconds: int) -> dict[str, Any]:
        if found.get("guest") is not None:
            return {**found, "failed": True, "msg": f"the guest did not restart within {seconds} s"}
        why = found.get("msg") or error or "no answer"
        return {"unreachable": True, "changed": False, "msg": f"the guest did not come back within {seconds} s: {why}"}

    def _ask(self) -> tuple[str, bool, str]:
        """The boot that a guest runs in, whether it says that it is healthy, and why it gives no answer.

        By its shell: to look with the module takes many times as long, of the guest too, which is busy with its start.
        """
        try:
            answer = self._low_level_execute_command(_QUESTION)
        except AnsibleConnectionFailure as error:
            return "", False, str(error)
        lines = str(answer["stdout"]).splitlines()
        if len(lines) < len(BOOT_FILES):
            return "", False, str(answer["stderr"]).strip()
        return boot_id(lines[0], lines[1]), answer["rc"] == 0, ""

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
