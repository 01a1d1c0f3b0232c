"""Runs the module kyotsu.platform.handover in Ansible's own process; see plugin_utils/in_process.py for why."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from ansible_collections.kyotsu.platform.plugins.modules import handover
from ansible_collections.kyotsu.platform.plugins.plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    """kyotsu.platform.handover."""

    MODULE: ClassVar[ModuleType] = handover
