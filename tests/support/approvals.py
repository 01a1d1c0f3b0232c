"""People with real SSH keys, made for a test, and approvals that they sign."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.signatures import sign
from tests.support.small_estate import ROOT

# The officer of org-301 owns s02 of the small estate; org-302 runs the platform.
PEOPLE: dict[str, dict[str, Any]] = {
    "p-001": {"organisation": "org-302", "roles": ["requester"]},
    "p-002": {"organisation": "org-302", "roles": ["platform"]},
    "p-003": {"organisation": "org-301", "roles": ["owner"]},
    "p-004": {"organisation": "org-302", "roles": ["executor"]},
    "p-005": {"organisation": "org-302", "roles": ["requester", "platform", "owner", "executor"]},
}
DIGEST = "a" * 64


@dataclass(frozen=True)
class Office:
    """A repository with approvals/ and the keys of its people."""

    repository: Path
    keys: Path

    def key(self, identity: str) -> Path:
        """Private key of a person, made when it is first asked for."""
        path = self.keys / identity
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
        return path

    def public_key(self, identity: str) -> str:
        """Public key as approvers.yml holds it."""
        return " ".join(self.key(identity).with_suffix(".pub").read_text(encoding="utf-8").split()[:2])

    def appoint(self, *, login: str = "tester", **overrides: dict[str, Any]) -> None:
        """Write approvers.yml; `overrides` change the entry of a person by id with _ for -."""
        people = []
        for identity, fields in PEOPLE.items():
            changed = overrides.get(identity.replace("-", "_"), {})
            person = {
                "id": identity,
                "name": f"氏名{identity}",
                "name_en": f"Person {identity}",
                "valid_from": "2026-04-01",
                "basis": "assumed",
                **fields,
                **changed,
            }
            if {"platform", "owner"} & set(person["roles"]):
                person.setdefault("public_key", self.public_key(identity))
            if "executor" in person["roles"]:
                person.setdefault("login", login if identity == "p-004" else f"{login}-{identity}")
            people.append(person)
        content = {"emergency_working_days": 3, "holidays": ["12-29"], "people": people}
        (self.repository / "approvals" / "approvers.yml").write_text(json.dumps(content), encoding="utf-8")

    def write(self, *signers: str, **fields: Any) -> Path:
        """Write an approval and sign it."""
        approval = {
            "change": "CHG-1",
            "kind": "plan",
            "environment": "lab",
            "digest": DIGEST,
            "risk": "outage",
            "systems": ["s02"],
            "reason": "More memory",
            "requester": "p-001",
            "approvers": ["p-002", "p-003"],
            "executors": ["p-004"],
            "approved_at": "2026-11-24T09:00:00+09:00",
            "valid_from": "2026-11-24T09:00:00+09:00",
            "valid_until": "2026-12-01T09:00:00+09:00",
            **fields,
        }
        approval = {name: value for name, value in approval.items() if value is not None}
        file = self.repository / "approvals" / f"{approval['change']}.yml"
        file.write_text(json.dumps(approval), encoding="utf-8")
        self.sign(file, signers or approval["approvers"])
        return file

    def sign(self, file: Path, signers: Sequence[str]) -> None:
        """Sign with the keys of these people."""
        for identity in signers:
            sign(file, identity, self.key(identity))


def office(repository: Path, keys: Path) -> Office:
    """approvals/ with the repository's own schemas, and people in it."""
    shutil.copytree(ROOT / "approvals" / "_schema", repository / "approvals" / "_schema")
    keys.mkdir()
    made = Office(repository, keys)
    made.appoint()
    return made
