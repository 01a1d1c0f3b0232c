"""Runs the module kyotsu.platform.drill in Ansible's own process; see plugin_utils/in_process.py for why."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from ansible_collections.kyotsu.platform.plugins.modules import drill
from ansible_collections.kyotsu.platform.plugins.plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    """kyotsu.platform.drill."""

    MODULE: ClassVar[ModuleType] = drill
