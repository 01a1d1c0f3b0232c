"""Which media pool a machine's copies belong to: its segment, its side and its confidentiality. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import CopyRetention, MediaPool

# Six characters of our own and the two of the generation (IBM and HPE label specifications for LTO Ultrium cartridges).
BARCODE = re.compile(r"[A-Z0-9]{6}(?:L[1-9]|M8)")


class NoPool(Exception):
    """No media pool takes the copies of a system; the message says what is missing."""


def pool_for(pools: Iterable[MediaPool], segment: str, confidentiality: str, *, offsite: bool) -> MediaPool:
    """The pool of a segment, a class of confidentiality and a side; NoPool if there is none."""
    for pool in pools:
        if pool.segment == segment and pool.offsite == offsite and confidentiality in pool.confidentiality:
            return pool
    side = "off-site" if offsite else "on-site"
    raise NoPool(
        f"no {side} media pool for segment {segment} and confidentiality {confidentiality}: "
        "add one to media_pools in platform/backup.yml"
    )


def pools_of(estate: Estate, system: System, *, offsite: bool) -> tuple[MediaPool, ...]:
    """The pools that the copies of a system go to: on site, then off site if a copy is couriered."""
    sides = (False, True) if offsite else (False,)
    return tuple(
        pool_for(estate.platform.media_pools, system.segment, system.classification.confidentiality, offsite=side)
        for side in sides
    )


def retention_by_class(platform: Platform) -> dict[str, CopyRetention]:
    """The retention of each backup class on tape: its own, else the first of copy_retention."""
    rules = {rule.id: rule for rule in platform.copy_retention}
    usual = platform.copy_retention[0] if platform.copy_retention else None
    found = {item.id: rules.get(item.retention) if item.retention else usual for item in platform.backup_classes}
    return {name: rule for name, rule in found.items() if rule is not None}


def must_destroy(pools: Iterable[MediaPool], pool: str) -> bool:
    """Whether tapes of a pool are destroyed at their end; also those of a pool that is no longer described."""
    known = {each.id: each.at_end for each in pools}
    return known.get(pool, "destroy") == "destroy"
