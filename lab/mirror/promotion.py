"""Give a wave the approved content of a round, on the lab's mirrors, in the order of the waves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.promotion import promotion_refused
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import FOLDER, read_round
from lab.errors import LabError
from lab.mirror.repository import Mirror


def promote_round(
    repository: Path, estate: Estate, mirrors: Iterable[Mirror], round_id: str, wave: str
) -> Iterator[str]:
    """Move the wave's channel of each mirror, and tell what was done; who approved it is who approved the round.

    Raises LabError before the first channel is moved if one of them must not be.
    """
    try:
        content = read_round(repository, repository / FOLDER / f"{round_id}.yml", estate).content
    except DataFileError as error:
        raise LabError(str(error)) from error
    chosen = list(mirrors)
    for mirror in chosen:
        if content.snapshot not in mirror.snapshots():
            raise LabError(f"the mirror of {mirror.segment} has no snapshot {content.snapshot}")
        reason = promotion_refused(
            content,
            wave,
            estate.platform.waves,
            segment=mirror.segment,
            manifest_sha256=manifest_sha256(mirror, content.snapshot),
            channels=mirror.channels(),
        )
        if reason is not None:
            raise LabError(reason)
    for mirror in chosen:
        before = mirror.channels()[wave]
        if before == content.snapshot:
            yield f"{mirror.segment}: {wave} has {content.snapshot} already"
            continue
        mirror.promote(wave, content.snapshot, approved_by=content.approved_by)
        digest = manifest_sha256(mirror, content.snapshot)
        yield f"{mirror.segment}: {wave} {before} -> {content.snapshot}, manifest {digest}"


def manifest_sha256(mirror: Mirror, snapshot: str) -> str:
    """What content.manifests of a round holds for this segment: the digest of the manifest as it is served."""
    return hashlib.sha256((mirror.root / "snapshots" / snapshot / "manifest.json").read_bytes()).hexdigest()
