"""What a step leaves in the records, as text: how a machine was, and which copy is its last. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.before import Before, Locked
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import Evidence

# What is written where nobody was locked out: evidence is never empty.
NOBODY = "nobody"


def before_as_evidence(before: Before) -> dict[Evidence, str]:
    """How a machine was, so that undo can bring it back as it was."""
    return {
        "power": before.power,
        "networks": json.dumps(list(before.connected)),
        "folder": before.folder,
        "lock": json.dumps([asdict(each) for each in before.lock], ensure_ascii=False) if before.lock else NOBODY,
    }


def before_from_evidence(evidence: Mapping[Evidence, str]) -> Before:
    """The same, read back from the records."""
    lock = evidence["lock"]
    return Before(
        power=evidence["power"],
        connected=tuple(json.loads(evidence["networks"])),
        folder=evidence["folder"],
        lock=() if lock == NOBODY else tuple(Locked(**each) for each in json.loads(lock)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCopy:
    """The copy that a machine leaves behind, and how the machine stood right after it was taken.

    `change_version` and `power_on` (key of the last power-on event) are vCenter's: if either is another one before the
    deletion, somebody wrote after the copy.
    """

    copy: int
    job: str
    manifest_digest: str
    change_version: str
    power_on: int

    def as_text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> LastCopy:
        """Read it back."""
        return cls(**json.loads(text))
