"""A module of ours run by the worker of ansible-playbook itself.

Ansible packs a module with everything that it imports into an archive, and the interpreter compiles that archive anew
each time: for our core 0.8 of the 2.2 seconds that a plan with nothing to do takes. The modules always run on the
controller, where the core lies anyway, so the worker calls the very function that the module calls. The modules stay
complete: they say what ansible-doc shows, and run packed wherever this plugin does not reach.
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.failures import FAILURES

# From -vvv on Ansible shows the result of the module as it is.
DUMP_VERBOSITY = 3


class InProcess(ActionBase):  # type: ignore[misc]  # Ansible ships no types (2026-11-24)
    """Checks the arguments as the module would, and calls its `run`."""

    MODULE: ClassVar[ModuleType]
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry: the result of the task."""
        super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(argument_spec=self.MODULE.ARGUMENTS)
        # Plain values: Ansible's own strings know where they come from, which is nothing to the core.
        arguments = json.loads(json.dumps(arguments))
        try:
            result = self.carry_out(arguments, bool(self._task.check_mode))
        except FAILURES as error:
            return {"failed": True, "msg": str(error)}
        if self._display.verbosity < DUMP_VERBOSITY:
            # -v asks for the whole table of the summary, which the dump of the result would bury.
            result["_ansible_verbose_override"] = True
        return result

    def carry_out(self, arguments: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """Call the module's function; a plugin that has more to give than the arguments does it itself."""
        result: dict[str, Any] = self.MODULE.run(arguments, check_mode).as_result()
        return result
