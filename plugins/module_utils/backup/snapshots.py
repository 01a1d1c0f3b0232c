"""Snapshots of backup runs: found by their label, also those of a run that was killed, and removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import PURPOSE
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import (
    Snapshot,
    read_snapshots,
    remove_snapshots,
)


def ours(session: Session, machines: Iterable[str]) -> list[Snapshot]:
    """Every snapshot of a backup run on these machines (managed object ids), by its label; one call."""
    return [
        snapshot
        for found in read_snapshots(session, machines).values()
        for snapshot in found
        if snapshot.label is not None and snapshot.label.purpose == PURPOSE
    ]


def remove_of_run(session: Session, machines: Collection[str], run_id: str) -> dict[str, str]:
    """Remove what a run has taken of these machines; give why one could not be removed, by machine."""
    return remove(session, [each for each in ours(session, machines) if each.label and each.label.run_id == run_id])


def remove(session: Session, snapshots: Collection[Snapshot]) -> dict[str, str]:
    """Remove these; give why one could not be removed, by machine."""
    return {done.machine: done.error for done in remove_snapshots(session, list(snapshots)) if done.error}
