"""Whether a wave may be given the content of a round: the same that was approved, and after the wave before it.

Pure. What moves a channel is the mirror's own software; it asks here first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Wave
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import Content


def promotion_refused(
    content: Content,
    wave: str,
    waves: Sequence[Wave],
    *,
    segment: str,
    manifest_sha256: str,
    channels: Mapping[str, str],
) -> str | None:
    """Why the channel of a wave must not be moved to the content of a round now, or None.

    `channels` are those of the segment's mirror (wave -> snapshot), `manifest_sha256` the digest of the manifest that
    it would serve. A wave without a channel on this mirror is passed over: it has nobody there.
    """
    order = sorted((each for each in waves if each.id in channels), key=lambda each: (each.order, each.id))
    names = [each.id for each in order]
    if wave not in names:
        return f"the mirror of {segment} has no channel {wave}: {', '.join(names)}"
    approved = content.manifests.get(segment)
    if approved is not None and approved != manifest_sha256:
        return (
            f"the mirror of {segment} has another {content.snapshot} ({manifest_sha256[:12]}) than was approved "
            f"({approved[:12]}): bring the approved content, or have this one approved"
        )
    before = names[: names.index(wave)]
    if before and channels[before[-1]] != content.snapshot:
        return f"{before[-1]} has {channels[before[-1]]}: {wave} gets {content.snapshot} after {before[-1]} has it"
    return None
