"""approvals/: the people and the approvals as files, read against their schemas, with the signatures beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ansible_collections.kyotsu.platform.plugins.module_utils.approval import (
    EMERGENCY,
    Approval,
    Approvers,
    PlanFacts,
    problems,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError, read_data_file
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import both
from ansible_collections.kyotsu.platform.plugins.module_utils.signatures import (
    SignatureError,
    fingerprint,
    signature_file,
    verified_signers,
)

FOLDER = "approvals"
APPROVERS = f"{FOLDER}/approvers.yml"

T = TypeVar("T")


class ApprovalError(Exception):
    """A file of approvals/ is missing or not sound, or an approval does not count; the message says why."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """An approval, its bytes, and whose signatures over them are right."""

    file: Path
    content: bytes
    approval: Approval
    signed_by: frozenset[str]


def read_approvers(repository: Path) -> Approvers:
    """The people. Raises ApprovalError."""
    approvers = _read(repository, repository / APPROVERS, "approvers", Approvers)[1]
    names = [each.id for each in approvers.people]
    names += [each.login for each in approvers.people if each.login]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise ApprovalError([f"{APPROVERS}: more than one person is {', '.join(twice)}"])
    return approvers


def read_approval(repository: Path, file: Path, approvers: Approvers) -> SignedApproval:
    """An approval with its signatures. Raises ApprovalError."""
    content, approval = _read(repository, file, "approval", Approval)
    if file.name != f"{approval.change}.yml":
        raise ApprovalError([f"{file.name}: it is about {approval.change} and must be called {approval.change}.yml"])
    keys = {person.id: person.public_key for person in approvers.people if person.public_key}
    signatures = {}
    for identity in approval.approvers:
        try:
            signatures[identity] = signature_file(file, identity).read_bytes()
        except OSError:
            continue  # not signed yet: it is told with the other problems
    try:
        signed_by = verified_signers(content, signatures, keys)
    except SignatureError as error:
        raise ApprovalError([str(error)]) from error
    return SignedApproval(file, content, approval, signed_by)


def approver_findings(approvers: Approvers, organisations: Iterable[Organisation]) -> list[Text]:
    """What of the people does not fit: units that do not exist, keys that are none, keys that two share."""
    units = {unit.id for unit in organisations}
    found: list[Text] = []
    owners: dict[str, str] = {}
    for person in approvers.people:
        if person.organisation not in units:
            found.append(
                Text(
                    en=f"{person.id}: organisation {person.organisation} does not exist",
                    ja=f"{person.id}: 所属 {person.organisation} はありません",
                )
            )
        if person.public_key is None:
            continue
        try:
            key = fingerprint(person.public_key)
        except SignatureError as error:
            found.append(Text(en=f"{person.id}: {error}", ja=f"{person.id}: 公開鍵として読めません"))
            continue
        other = owners.setdefault(key, person.id)
        if other != person.id:
            found.append(
                Text(
                    en=f"{person.id} and {other} have the same key: then one of them signs for both",
                    ja=f"{person.id} と {other} の鍵が同じです（一人が二人分の署名をできてしまいます）",
                )
            )
    return found


def require_counting(
    signed: SignedApproval, approvers: Approvers, facts: PlanFacts, now: Any, *, actor: str | None
) -> None:
    """Raise ApprovalError with every reason why an approval does not count, in both languages."""
    if signed.approval.kind == EMERGENCY:
        text = Text(
            en="it approves an emergency afterwards, not a plan before it is applied",
            ja="緊急作業の事後承認であり、適用前の計画の承認ではありません",
        )
        raise ApprovalError([f"{signed.file.name}: {both(text)}"])
    reasons = [both(each) for each in problems(signed.approval, approvers, facts, signed.signed_by, now, actor=actor)]
    if reasons:
        raise ApprovalError(f"{signed.file.name}: {reason}" for reason in reasons)


def _read(repository: Path, path: Path, schema: str, kind: type[T]) -> tuple[bytes, T]:
    try:
        return read_data_file(repository, path, f"{FOLDER}/_schema/{schema}.schema.json", kind)
    except DataFileError as error:
        raise ApprovalError([str(error)]) from error
