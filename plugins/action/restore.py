"""Runs the module kyotsu.platform.restore in Ansible's own process, with a way to the terminal.

Only so can a name be asked for that no variable can give; see plugin_utils/terminal.py.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

from ansible_collections.kyotsu.platform.plugins.modules import restore
from ansible_collections.kyotsu.platform.plugins.plugin_utils.in_process import InProcess
from ansible_collections.kyotsu.platform.plugins.plugin_utils.terminal import typed


class ActionModule(InProcess):
    """kyotsu.platform.restore."""

    MODULE: ClassVar[ModuleType] = restore

    def carry_out(self, arguments: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """The module's function, with a person to ask."""
        result: dict[str, Any] = restore.run(arguments, check_mode, ask=typed).as_result()
        return result
