"""Runs the module kyotsu.platform.network_services in Ansible's own process; see plugin_utils/in_process.py for why."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from ansible_collections.kyotsu.platform.plugins.modules import network_services
from ansible_collections.kyotsu.platform.plugins.plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    """kyotsu.platform.network_services."""

    MODULE: ClassVar[ModuleType] = network_services
