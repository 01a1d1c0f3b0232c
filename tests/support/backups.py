"""What a backup run works with, for tests of its pure parts: an estate with pools, machines in vCenter, keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import BackupClass
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import Medium, TapeEncryption
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from tests.support.builders import (
    VCENTER,
    make_estate,
    make_machine,
    make_observed_disk,
    make_observed_machine,
    make_platform,
    make_system,
)
from tests.support.tapes import ONSITE, make_pool

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
LTO8 = Medium(id="lto-8", suffix="L8", capacity_gb=11175, speed_mb_per_second=360, basis="assumed")
POOL = make_pool(ONSITE, offsite=False, confidentiality=("2", "1"), medium="lto-8", tapes=4)
KEYS = {"lgwan": KeyInUse(key_id="lgwan-g1", client="lgwan-fd", started=0)}


def backup_class(name: str, medium: str) -> BackupClass:
    """A class that copies to a medium."""
    text = Text(ja=name, en=name)
    return BackupClass(
        id=name, name=text, medium=medium, frequency_hours=24, window=None, copies=1, vault_site=None, basis="assumed"
    )


def make_backup_estate(**system: Any) -> Estate:
    """A system of lgwan with one machine whose class writes tape; classes that do not are there as well."""
    machines = system.pop("machines", (make_machine("s01-db-1"),))
    platform = {
        "backup_classes": (
            backup_class("tape-daily", "tape"),
            backup_class("disk-daily", "disk"),
            backup_class("none", "none"),
        ),
        "media": (LTO8,),
        "media_pools": (POOL,),
        "tape_encryption": (TapeEncryption(segment="lgwan", encrypted=True, compression="lzo", basis="assumed"),),
        **system.pop("platform", {}),
    }
    return make_estate(make_system("s01", *machines, **system), **platform)


def seen(estate: Estate, *names: str, **fields: Any) -> dict[str, list[ObservedMachine]]:
    """The machines of an estate (or some) as its first vCenter tells them, each with one disk of 40 GiB."""
    fields = {"disks": (make_observed_disk(),), **fields}
    return {
        VCENTER: [
            replace(make_observed_machine(), instance_uuid=estate.instance_uuid(machine), name=machine.name, **fields)
            for _, machine in estate.machines()
            if not names or machine.name in names
        ]
    }


def make_row(machine: str = "s01-db-1", **fields: Any) -> MachineBackup:
    """A machine in a run."""
    values: dict[str, Any] = {
        "run_id": "run-1",
        "machine": machine,
        "name": f"name-{machine}",
        "system": "s01",
        "vcenter": VCENTER,
        "instance_uuid": "00000000-0000-5000-8000-000000000001",
        "backup_class": "tape-daily",
        "pool": ONSITE,
        "client": "lgwan-fd",
        "key_id": "lgwan-g1",
    }
    return MachineBackup(**{**values, **fields})


__all__ = ["KEYS", "LTO8", "NOW", "POOL", "make_backup_estate", "make_platform", "make_row", "seen"]
