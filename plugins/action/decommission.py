"""Runs the module kyotsu.platform.decommission in Ansible's own process, with a way to the terminal.

Only so can a name be asked for that no variable, file or pipe can give: Ansible's main process reads it, and says that
there is nobody when its standard input is no terminal or it runs in the background.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ansible_collections.kyotsu.platform.plugins.modules import decommission
from ansible_collections.kyotsu.platform.plugins.plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    """kyotsu.platform.decommission."""

    MODULE: ClassVar[ModuleType] = decommission

    def carry_out(self, arguments: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """The module's function, with a person to ask."""
        result: dict[str, Any] = decommission.run(arguments, check_mode, ask=_typed).as_result()
        return result


def _typed(question: str) -> str | None:
    """One line typed at the terminal; None if there is none, or the person broke off."""
    try:
        answer = Display().prompt_until(f"{question}: ")
    except AnsibleError:
        return None
    # What comes back from the main process is the line, or the error that it met.
    return answer.decode("utf-8", "replace").strip() if isinstance(answer, bytes) else None
