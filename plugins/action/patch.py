"""Runs the module kyotsu.platform.patch in Ansible's own process; see plugin_utils/in_process.py for why."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from ansible_collections.kyotsu.platform.plugins.modules import patch
from ansible_collections.kyotsu.platform.plugins.plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    """kyotsu.platform.patch."""

    MODULE: ClassVar[ModuleType] = patch
