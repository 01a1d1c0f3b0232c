"""A plan: the differences over all vCenters, readable by people, applied by a machine, named by its digest. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Refusal, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.compare import Comparison
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedVCenter

# A live plan is made against vCenters; an offline review of two commits is another kind, which provision refuses.
LIVE = "live"
# What decommission would delete: made against vCenters, too, and applied by no other verb.
DECOMMISSION = "decommission"
# Copies that a drill would make in a closed network: their owner agrees to it.
DRILL = "drill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done, in which environment, from which commit, against which observed state."""

    kind: str
    environment: str
    commit: str
    part: str  # everything | foundation | machines
    scope: tuple[str, ...] | None  # inventory names that it is limited to; None: everything
    observed: Mapping[str, str]  # vCenter id -> fingerprint of what was seen there
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    unmanaged: tuple[Unmanaged, ...]

    def document(self) -> dict[str, Any]:
        """The plan as JSON values, without times, in a fixed order; its digest is taken over this.

        What is unmanaged is left out: it is left alone, and an approval must not end because a stranger comes or goes.
        """
        return {
            "kind": self.kind,
            "environment": self.environment,
            "commit": self.commit,
            "part": self.part,
            "scope": None if self.scope is None else sorted(self.scope),
            "observed": dict(sorted(self.observed.items())),
            "changes": [asdict(change) for change in self.changes],
            "refusals": [asdict(refusal) for refusal in self.refusals],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical document: what a person approves."""
        return hashlib.sha256(canonical(self.document())).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, so that equal values have equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def make_plan(
    *,
    environment: str,
    commit: str,
    part: str,
    scope: Sequence[str] | None,
    observed: Sequence[ObservedVCenter],
    comparisons: Sequence[Comparison],
) -> Plan:
    """Join the comparisons of all vCenters into one plan."""
    return Plan(
        kind=LIVE,
        environment=environment,
        commit=commit,
        part=part,
        scope=None if scope is None else tuple(scope),
        observed={
            each.id: fingerprint(each, comparison.ours) for each, comparison in zip(observed, comparisons, strict=True)
        },
        changes=tuple(change for each in comparisons for change in each.changes),
        refusals=tuple(refusal for each in comparisons for refusal in each.refusals),
        unmanaged=tuple(one for each in comparisons for one in each.unmanaged),
    )


def fingerprint(observed: ObservedVCenter, ours: Collection[str]) -> str:
    """SHA-256 over what of a vCenter a plan is about: its foundation and the machines with these instance UUIDs.

    Free space, hosts and versions are left out, and so are other people's machines, which come and go all day.
    """
    volatile = {"host", "change_version", "reference", "snapshots", "snapshot_list"}
    machines = [
        {name: value for name, value in asdict(machine).items() if name not in volatile}
        for machine in sorted(observed.machines, key=lambda each: (each.instance_uuid, each.reference))
        if machine.instance_uuid in ours
    ]
    # By their whole content: vCenter allows two separation rules of one name.
    items = sorted((asdict(item) for item in observed.items), key=canonical)
    seen = {"instance_uuid": observed.instance_uuid, "items": items, "machines": machines}
    return hashlib.sha256(canonical(seen)).hexdigest()


# What is read of a plan file before it is compared with the plan of today as a whole.
_SHAPE = {"kind": str, "environment": str, "commit": str, "part": str, "observed": dict, "changes": list}


def read_plan_document(text: str) -> dict[str, Any]:
    """The document of a plan file.

    Raises:
        ValueError: it is not a plan file, or its digest is not that of its content.
    """
    try:
        file = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON (line {error.lineno}): write it with -e output=FILE.json") from error
    if not isinstance(file, dict) or not isinstance(file.get("plan"), dict) or "digest" not in file:
        raise ValueError("it is not a plan file: write it with -e output=FILE.json")
    document: dict[str, Any] = file["plan"]
    if {name: type(document.get(name)) for name in _SHAPE} != _SHAPE:
        raise ValueError("it is not a plan file of this version: write it with -e output=FILE.json")
    if hashlib.sha256(canonical(document)).hexdigest() != file["digest"]:
        raise ValueError("its content does not match its digest: it was edited after it was written")
    return document


def plan_file_text(plan: Plan) -> str:
    """The content of a plan file in JSON. What is unmanaged is there to be read; the digest does not cover it."""
    unmanaged = [asdict(each) for each in plan.unmanaged]
    content = {"digest": plan.digest, "plan": plan.document(), "unmanaged": unmanaged}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def explain_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Why the plan of a file is not the plan of today, both as documents: what a person should look at first."""
    reasons = []
    if old.get("kind") != new.get("kind"):
        reasons.append(f"it is a plan of kind {old.get('kind')!r}, provision takes {new.get('kind')!r}")
    if old.get("environment") != new.get("environment"):
        reasons.append(f"it was made for {old.get('environment')}, this is {new.get('environment')}")
    if old.get("commit") != new.get("commit"):
        reasons.append(f"it was made from commit {old.get('commit')}, this is {new.get('commit')}")
    if old.get("scope") != new.get("scope"):
        reasons.append("it covers other machines (--limit)")
    observed_before, observed_now = old["observed"], new["observed"]
    moved = sorted(
        each for each in {*observed_before, *observed_now} if observed_before.get(each) != observed_now.get(each)
    )
    if moved:
        reasons.append(f"{', '.join(moved)} changed since")
    if len(old["changes"]) != len(new["changes"]):
        reasons.append(f"it has {len(old['changes'])} changes, now there are {len(new['changes'])}")
    elif old["changes"] != new["changes"]:
        other = sum(before != now for before, now in zip(old["changes"], new["changes"], strict=True))
        reasons.append(f"{other} of its {len(old['changes'])} changes are others now")
    if old.get("part") != new.get("part"):
        reasons.append(f"it is a plan of {old.get('part')}, this is one of {new.get('part')}")
    return "; ".join(reasons)
