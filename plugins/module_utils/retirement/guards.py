"""What forbids a step although its order is right: one refusal per reason, each with what to do. Pure.

It must be impossible to destroy the wrong thing: whatever is not known counts against the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import forbids
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.codes import Code
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import Step

_APPROVALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a step is refused. `code` is for machines, the text for people."""

    code: Code
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a person typed at a terminal. `typed` None: there was no terminal, which is no confirmation."""

    typed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A plan that may destroy: its digest now, the digest that was approved, and who signed the approval."""

    digest: str
    approved_digest: str | None = None
    signed_by: frozenset[str] = frozenset()
    executor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One physical medium that carried the machine's data, as the certificate of its treatment tells."""

    serial: str
    treatment: str | None  # "destroyed" | "purged" | None: not treated yet
    must_destroy: bool
    on_asset_list: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the verb has looked up before a step. Defaults are those that refuse.

    `ours`: the machine that vCenter has under this UUID was made or adopted by this repository. Times are aware.
    """

    name: str
    as_of: date
    status: str = "in-service"
    last_day: date | None = None
    ours: bool = False
    legal_hold: LegalHold | None = None
    dependants: tuple[str, ...] = ()
    records_confirmed: bool = False
    last_copy_years: int | None = None
    backup_running: bool = True
    newest_write: datetime | None = None  # of the machine: power-on or reconfiguration after its last copy
    snapshots: tuple[datetime, ...] = ()
    read_back_equal: bool = False
    offsite_required: bool = True
    grace_days: int | None = None
    permission: Permission | None = None
    confirmation: Confirmation | None = None
    media: tuple[Medium, ...] = ()
    certificate_attached: bool = False
    witness: str = ""


def refusals(case: Case, step: Step, facts: Facts) -> tuple[Refusal, ...]:
    """Every reason why this step must not be done now; empty: it may (if its order allows it)."""
    return tuple(refusal for guard in _GUARDS[step] for refusal in guard(case, facts))


def _refusal(code: Code, en: str, ja: str) -> Refusal:
    return Refusal(code=code, text=Text(en=en, ja=ja))


def _status(_case: Case, facts: Facts) -> Iterator[Refusal]:
    if facts.status != "retiring":
        yield _refusal(
            "status",
            f"{facts.name} is {facts.status}: its file must say retiring first",
            f"{facts.name} は {facts.status} です。先に定義を retiring にしてください",
        )


def _ours(_case: Case, facts: Facts) -> Iterator[Refusal]:
    if not facts.ours:
        yield _refusal(
            "not-ours",
            f"{facts.name} was not made or adopted by this repository (instance UUID): leave it to its owner",
            f"{facts.name} はこのリポジトリが作成・引継ぎしたものではありません（instanceUuid）",
        )


def _legal_hold(_case: Case, facts: Facts) -> Iterator[Refusal]:
    held = forbids(facts.legal_hold, "retire")
    if held is not None:
        yield _refusal("legal-hold", f"{facts.name} is {held.en}", f"{facts.name}: {held.ja}")


def _dependants(_case: Case, facts: Facts) -> Iterator[Refusal]:
    if facts.dependants:
        names = ", ".join(facts.dependants)
        yield _refusal(
            "dependants",
            f"{facts.name} is needed by {names}: let them go first or change what they depend on",
            f"{facts.name} は {names} が利用しています。先に依存関係を解消してください",
        )


def _date(_case: Case, facts: Facts) -> Iterator[Refusal]:
    if facts.last_day is None or facts.as_of <= facts.last_day:
        when = f"{facts.last_day} is its last day of use" if facts.last_day else "its last day of use is not known"
        yield _refusal(
            "too-early", f"{facts.name}: {when}", f"{facts.name}: 利用最終日（{facts.last_day or '未定'}）前です"
        )


def _records(_case: Case, facts: Facts) -> Iterator[Refusal]:
    if not facts.records_confirmed:
        yield _refusal(
            "records",
            f"{facts.name}: the owner has not confirmed the public records (retention ended, historical ones moved)",
            f"{facts.name}: 公文書の確認（保存期間満了、歴史的文書の移管）が所管課から得られていません",
        )
    if facts.last_copy_years is None:
        yield _refusal(
            "last-copy",
            f"{facts.name}: how many years the last copy is kept is not said",
            f"{facts.name}: 最終バックアップの保存年数が定められていません",
        )


def _backup_running(_case: Case, facts: Facts) -> Iterator[Refusal]:
    if facts.backup_running:
        yield _refusal(
            "backup-running",
            f"{facts.name} has a backup that has not ended: wait for it or end it",
            f"{facts.name} のバックアップが終わっていません",
        )


def _read_back(_case: Case, facts: Facts) -> Iterator[Refusal]:
    if not facts.read_back_equal:
        yield _refusal(
            "read-back",
            f"{facts.name}: what was read back from tape is not equal to what was written: back up again",
            f"{facts.name}: テープから読み戻した内容が一致しません。取り直してください",
        )


def _copy_is_last(case: Case, facts: Facts) -> Iterator[Refusal]:
    """Nothing was written after the copy, and no older state hangs on it that the copy does not hold."""
    copied = case.at("back-up")
    if copied is None:
        return  # the order refuses it already
    if facts.newest_write is not None and facts.newest_write > copied:
        yield _refusal(
            "changed-since",
            f"{facts.name} was changed after its last copy: undo and begin again",
            f"{facts.name} は最終バックアップの後に変更されています。取り消してやり直してください",
        )
    old = [each for each in facts.snapshots if each < copied]
    if old:
        yield _refusal(
            "old-snapshot",
            f"{facts.name} has {len(old)} snapshot(s) older than its last copy, which does not hold them: "
            "remove or keep them first",
            f"{facts.name} に最終バックアップより古いスナップショットが {len(old)} 個あります。先に処理してください",
        )


def _off_site(case: Case, facts: Facts) -> Iterator[Refusal]:
    if facts.offsite_required and "copy-off-site" not in case.done:
        yield _refusal(
            "off-site",
            f"{facts.name}: its owner has off-site copies and the last one is not copied yet",
            f"{facts.name}: 遠隔地保管の対象ですが、最終バックアップの複製がありません",
        )


def _grace(case: Case, facts: Facts) -> Iterator[Refusal]:
    since = case.at("quarantine")
    if since is None:
        return
    if facts.grace_days is None:
        yield _refusal("grace", f"{facts.name}: no grace period is set", f"{facts.name}: 猶予期間が未定です")
        return
    until = since.date() + timedelta(days=facts.grace_days)
    if facts.as_of < until:
        yield _refusal(
            "grace",
            f"{facts.name} is in quarantine until {until}",
            f"{facts.name} は {until} まで猶予期間（隔離中）です",
        )


def _permission(_case: Case, facts: Facts) -> Iterator[Refusal]:
    permission = facts.permission
    if permission is None or permission.approved_digest is None:
        yield _refusal("approval", f"{facts.name}: no approved plan", f"{facts.name}: 承認された計画がありません")
        return
    if permission.approved_digest != permission.digest:
        yield _refusal(
            "approval",
            f"{facts.name}: the approved plan is another one ({permission.approved_digest[:12]}…)",
            f"{facts.name}: 承認された計画と異なります（{permission.approved_digest[:12]}…）",
        )
    signers = permission.signed_by - {permission.executor}
    if len(signers) < _APPROVALS:
        yield _refusal(
            "approval",
            f"{facts.name}: {_APPROVALS} signed approvals of others than the executor are needed, not {len(signers)}",
            f"{facts.name}: 実施者以外 {_APPROVALS} 名の署名が必要です（現在 {len(signers)} 名）",
        )


def _confirmation(_case: Case, facts: Facts) -> Iterator[Refusal]:
    typed = facts.confirmation.typed if facts.confirmation else None
    if typed is None:
        yield _refusal(
            "no-terminal",
            f"{facts.name}: its name must be typed at a terminal, and there is none",
            f"{facts.name}: 端末での名称入力による確認が必要です",
        )
    elif typed != facts.name:
        yield _refusal(
            "name",
            f"the typed name '{typed}' is not {facts.name}",
            f"入力された名称「{typed}」は {facts.name} と一致しません",
        )


def _certificate(_case: Case, facts: Facts) -> Iterator[Refusal]:
    """D-02 and D-03: the contractor's certificate, serials on the asset list, and a witness of the staff."""
    if not facts.certificate_attached:
        yield _refusal(
            "certificate",
            f"{facts.name}: the contractor's certificate is not attached",
            f"{facts.name}: 委託業者の作業証明書がありません",
        )
    if not facts.witness.strip():
        yield _refusal("witness", f"{facts.name}: no witness of the staff", f"{facts.name}: 職員の立会者がありません")
    if not facts.media:
        yield _refusal("media", f"{facts.name}: its media are not known", f"{facts.name}: 媒体が特定されていません")
    for medium in facts.media:
        if not medium.on_asset_list:
            yield _refusal(
                "serial",
                f"medium {medium.serial} is not on the asset list",
                f"媒体 {medium.serial} は資産台帳にありません",
            )
        if medium.treatment is None or (medium.must_destroy and medium.treatment != "destroyed"):
            wanted = ("destroyed", "物理破壊") if medium.must_destroy else ("purged or destroyed", "消去又は物理破壊")
            yield _refusal(
                "treatment",
                f"medium {medium.serial} must be {wanted[0]} and is {medium.treatment or 'not treated'}",
                f"媒体 {medium.serial} は{wanted[1]}が必要です（現在: {medium.treatment or '未処理'}）",
            )


_Guard = Callable[[Case, Facts], Iterator[Refusal]]
_ALWAYS: tuple[_Guard, ...] = (_status, _ours, _legal_hold)
# After the deletion the machine is not there to be looked at, and its file may say retired.
_GUARDS: dict[Step, tuple[_Guard, ...]] = {
    "announce": _ALWAYS,
    "quarantine": (*_ALWAYS, _date, _dependants, _records),
    "back-up": (*_ALWAYS, _dependants, _backup_running),
    "verify": (*_ALWAYS, _read_back),
    "copy-off-site": _ALWAYS,
    "delete": (
        *_ALWAYS,
        _date,
        _dependants,
        _records,
        _backup_running,
        _read_back,
        _copy_is_last,
        _off_site,
        _grace,
        _permission,
        _confirmation,
    ),
    "release": (),
    "complete": (),
    "certify": (_certificate,),
    "undo": (),
    "reopen": (_status, _ours, _legal_hold),
}
