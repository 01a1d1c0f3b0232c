"""Whether a restored machine is the one that its manifest describes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import Manifest, compare_disks

# What must be equal wherever a machine is restored to. Names and places are chosen anew.
_FIELDS = ("cpu", "memory_mb", "guest_id")


class ManifestIncomplete(Exception):
    """The manifest does not say what a machine needs to be made; the message names the field."""


def machine_of(manifest: Manifest) -> Mapping[str, Any]:
    """The configuration that the backup saw (state.ObservedMachine as a mapping), with all that a restore needs."""
    found = manifest.vcenter
    for name in (*_FIELDS, "disks", "nics"):
        if name not in found:
            raise ManifestIncomplete(f"manifest of {manifest.backup}: vcenter says nothing of {name}")
    if len(found["disks"]) != len(manifest.disks):
        raise ManifestIncomplete(
            f"manifest of {manifest.backup}: {len(found['disks'])} disks in vcenter, {len(manifest.disks)} on tape"
        )
    return found


def compare_machine(
    manifest: Manifest, found: Mapping[str, Any], *, port_groups: Sequence[str | None] | None = None
) -> list[str]:
    """Differences between what was backed up and a machine that was made of it; empty: equal.

    `found` is the restored machine in the same form (state.ObservedMachine as a mapping). `port_groups`: those to which
    it was meant to be connected, in order; None: those of the manifest.
    """
    then = machine_of(manifest)
    wrong = [
        f"{name}: {found[name]} instead of {then[name]}"
        for name in _FIELDS
        if str(found[name]).lower() != str(then[name]).lower()
    ]
    wrong += _disks(manifest, found["disks"])
    wanted = list(port_groups) if port_groups is not None else [nic["port_group"] for nic in then["nics"]]
    connected = [nic["port_group"] for nic in found["nics"]]
    if connected != wanted:
        wrong.append(f"interfaces: {connected} instead of {wanted}")
    return wrong


def compare_streams(manifest: Manifest, streamed: Mapping[str, tuple[int, str]]) -> list[str]:
    """Differences between the manifest's disks and the bytes that went to the new machine: (bytes, SHA-256) by name."""
    return compare_disks(manifest, dict(streamed))


def _disks(manifest: Manifest, found: Sequence[Mapping[str, Any]]) -> list[str]:
    if len(found) != len(manifest.disks):
        return [f"{len(found)} disks instead of {len(manifest.disks)}"]
    gibibyte = 2**30
    return [
        f"{disk.name}: {round(there['size_gb'] * gibibyte)} bytes large instead of {disk.capacity_bytes}"
        for disk, there in zip(manifest.disks, found, strict=True)
        if round(there["size_gb"] * gibibyte) != disk.capacity_bytes
    ]
