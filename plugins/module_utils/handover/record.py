"""What the records keep of a handover: the hash of the sealed set that was written, once per content."""

from __future__ import annotations

import json

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

HANDOVER = "handover"


def note(store: Store, subject: str, digest: str, origin: Origin) -> None:
    """Write down that this set was handed out, unless the records know it."""
    known = [json.loads(entry.payload_text).get("sealed_set") for entry in store.chain.entries(kind=HANDOVER)]
    if digest not in known:
        store.chain.append(HANDOVER, subject, {"sealed_set": digest}, origin)
