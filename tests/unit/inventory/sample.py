"""A small estate that shows every case of the inventory: owners, a pool, a retired system, own and inherited values."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System

_TEXT = {"ja": "例", "en": "example"}
# What the inventory does not look at.
_EMPTY_LISTS = [
    field.name
    for field in dataclasses.fields(Platform)
    if field.name != "estate" and field.default is dataclasses.MISSING
]
_SUPPORT = {"regular": None, "lts": None, "extended": None, "counts": "regular", "source": "", "checked_on": ""}


def estate() -> Estate:
    """The sample."""
    return Estate(systems=tuple(msgspec.convert(system, System) for system in _SYSTEMS), platform=_platform())


def _platform() -> Platform:
    organisation = {"valid_from": "2018-04-01", "basis": "assumed"}
    content: dict[str, Any] = {
        **{name: [] for name in _EMPTY_LISTS},
        "estate": {
            "name": "例",
            "name_en": "Example",
            "uuid_namespace": "7b0f6d5e-7f43-4b52-9c5e-5a2f7c1d8e90",
            "timezone": "Asia/Tokyo",
            "maintenance_window": "sunday-day",
            "basis": "assumed",
        },
        "organisations": [
            {"id": "org-1", "kind": "bureau", "name": "福祉部", "name_en": "Welfare", "parent": None, **organisation},
            {"id": "org-2", "kind": "division", "name": "局", "name_en": "Children's Bureau", "parent": "org-1"}
            | organisation,
            {"id": "org-3", "kind": "section", "name": "担当", "name_en": "Desk", "parent": "org-2", **organisation},
            {"id": "org-4", "kind": "division", "name": "室", "name_en": "Office", "parent": None, **organisation},
        ],
        "clusters": [_cluster("kyotsu-lgwan", "vc-kyotsu", "lgwan"), _cluster("vdi-lgwan", "vc-kyotsu", "lgwan")],
        "networks": [
            {
                "id": "lgwan-servers",
                "purpose": "servers",
                "vcenter": "vc-kyotsu",
                "switch": "dvs",
                "port_group": "lgwan-servers",
                "vlan_id": 210,
                "cidr": "198.18.128.0/22",
                "gateway": "198.18.128.1",
                "ranges": [],
                "basis": "assumed",
            }
        ],
        "flavours": [{"id": "m8", "cpu": 2, "memory_gb": 8}],
        "images": [_image("debian-12", "debian"), _image("windows-server-2022", "windows")],
    }
    return msgspec.convert(content, Platform)


def _cluster(name: str, vcenter: str, segment: str) -> dict[str, Any]:
    return {
        "name": name,
        "vcenter": vcenter,
        "equipment": name.partition("-")[0],
        "segment": segment,
        "hosts": [],
        "resource_pools": [],
        "host_failures_tolerated": 1,
        "cpu_overcommit_ratio": 4.0,
        "memory_overcommit_ratio": 1.0,
        "hypervisor": "esxi-8",
        "basis": "assumed",
    }


def _image(name: str, family: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "os_family": family,
        "guest_id": "otherGuest64",
        "template": f"tpl-{name}",
        "system_disk_gb": 40,
        "end_of_support": _SUPPORT,
        "basis": "assumed",
    }


def _machine(key: str, name: str, role: str, address: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": name,
        "role": role,
        "image": "debian-12",
        "flavour": "m8",
        "nics": [{"network": "lgwan-servers", "address": address}],
        "disks": [{"name": "system", "size_gb": 40, "tier": "standard", "mount": "/"}],
        **more,
    }


def _system(system_id: str, owner: str, **more: Any) -> dict[str, Any]:
    return {
        "id": system_id,
        "kind": "hosted",
        "name": "例システム",
        "name_en": "Example system",
        "owner": owner,
        "status": "in-service",
        "description": _TEXT,
        "shape_reason": _TEXT,
        "segment": "lgwan",
        "cluster": "kyotsu-lgwan",
        "resource_pool": "standard",
        "classification": {"confidentiality": "2", "integrity": "1", "availability": "1", "edition": "例"},
        "service": {"days": "weekdays", "start": "08:30", "end": "18:00"},
        "recovery": {"rpo_hours": 24, "rto_hours": 8},
        "patch": {"wave": "wave-1", "window": "weeknight", "freezes": ["accounts-closing"]},
        "backup": {"backup_class": "tape-daily", "offsite": False},
        "assumed": [],
        **more,
    }


_SYSTEMS = [
    _system(
        "s01",
        "org-3",
        slug="official-documents",
        machines=[
            _machine("s01-db-1", "s01-db01", "db", "198.18.128.48"),
            _machine(
                "s01-web-1",
                "s01-web01",
                "web",
                "198.18.128.49",
                flavour=None,
                cpu=3,
                memory_gb=6,
                image="windows-server-2022",
                status="planned",
                patch={"wave": "test", "window": "saturday-night"},
                backup={"backup_class": "tape-daily-offsite", "offsite": True},
                instance_uuid="42000000-0000-4000-8000-000000000001",
            ),
            _machine("s01-ap-1", "s01-ap01", "ap", "198.18.128.50", status="retired"),
        ],
    ),
    _system(
        "s02",
        "org-4",
        slug="ended",
        status="retired",
        machines=[_machine("s02-db-1", "s02-db01", "db", "198.18.128.64")],
    ),
    _system(
        "vdi-lgwan",
        "org-4",
        kind="vdi",
        cluster="vdi-lgwan",
        machines=[_machine("vdi-lgwan-broker-1", "vdi-lgwan-broker01", "broker", "198.18.128.80")],
        desktop_pools=[
            {
                "key": "vdi-lgwan-pool-1",
                "name": "vdi-lgwan-pool01",
                "purpose": _TEXT,
                "count": 3000,
                "name_prefix": "vl-",
                "image": "debian-12",
                "network": "lgwan-servers",
                "tier": "desktop",
                "disk_gb": 60,
                "persistent": False,
                "cpu": 2,
                "memory_gb": 4,
            }
        ],
    ),
]
