"""The verb decommission: lock, read, judge, carry out what was asked (advance, undo, certify, the list of media)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.advance import advance_all, foresee
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate, candidates
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk, Worlds
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.erasing import certify
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.last_copy import LastCopies, TapeCopies
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.leaving import take_back
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.reopening import reopen
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.report import Report
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.worklist import list_media
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import RetirementRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.asking import Ask, nobody
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare, scope_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import locked_run, records_to_read
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter, calls, live_vcenters

VERB = "decommission"


def run_decommission(
    target: Target, request: Request, *, ask: Ask = nobody, copies: LastCopies | None = None
) -> Outcome:
    """Carry out a request, or show in check mode what it would do. `copies` None: to tape, by the backup verb.

    Raises:
        VerbRefused: an approval does not count, a reason is missing, a name is unknown; nothing was changed.
    """
    started = time.monotonic()
    if request.order == "undo" and request.names is None:
        raise VerbRefused("undo: name the machines (--limit NAMES); without a name every open case would be called off")
    prepared = prepare(target, request.now, writes=not request.check)
    scope = scope_of(prepared, request.names)
    if request.names is not None and request.order in {"media", "certify"}:
        scope = frozenset(request.names)  # never more than was named, also when nothing else is described any more
    if request.order == "undo" and not request.reason.strip():
        raise VerbRefused("undo: say why it is called off (-e reason='...'); the records keep it")
    own = copies or TapeCopies(
        target, request.tape_settings, request.scratch or request.reports / "scratch", request.now
    )
    setting = _Setting(target, prepared, request, own)
    try:
        if request.check:
            with (
                records_to_read(target) as store,
                live_vcenters(target, prepared.desired) as live,
            ):
                desk = setting.desk(store, Origin.here(run_id="check"), live)
                group = _group(desk, scope)
                notes = list(reopen(desk, group))
                report = _check(desk, request, group)
                report.notes[:0] = notes
                return _outcome(report, live, started)
        with (
            locked_run(target, VERB, prepared.commit) as run,
            live_vcenters(target, prepared.desired, settled=True) as live,
        ):
            desk = setting.desk(run.store, run.origin, live, run.lease.check)
            group = _group(desk, scope)
            notes = list(reopen(desk, group))
            report = _carry_out(desk, request, group, ask)
            report.notes[:0] = notes
            report.notes.extend(run.notes)
            return _outcome(report, live, started)
    except RetirementRefused as error:
        raise VerbRefused(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Setting:
    """What is known before anything is opened."""

    target: Target
    prepared: Prepared
    request: Request
    copies: LastCopies

    def desk(
        self,
        store: Store,
        origin: Origin,
        live: list[LiveVCenter],
        still_ours: Callable[[], None] = lambda: None,
    ) -> Desk:
        return Desk(
            target=self.target,
            prepared=self.prepared,
            store=store,
            origin=origin,
            worlds=Worlds(self.target, live),
            copies=self.copies,
            reports=self.request.reports,
            services=self.request.services,
            approval=self.request.approval,
            check=self.request.check,
            still_ours=still_ours,
            cases=Retirements(store.database, store.chain).cases(),
        )


def _group(desk: Desk, names: Collection[str] | None) -> tuple[Candidate, ...]:
    desired: tuple[DesiredVCenter, ...] = desk.prepared.desired
    return candidates(desk.estate, desired, names, desk.cases)


def _check(desk: Desk, request: Request, group: Sequence[Candidate]) -> Report:
    if request.order == "advance":
        return foresee(desk, group)
    if request.order == "undo":
        return _undo(desk, group, request.reason, check=True)
    if request.order == "media":
        return list_media(desk, group, request.erasure.assets, witness=request.erasure.witness)
    return certify(desk, group, request.erasure, check=True)


def _carry_out(desk: Desk, request: Request, group: Sequence[Candidate], ask: Ask) -> Report:
    if request.order == "advance":
        return advance_all(desk, group, ask)
    if request.order == "undo":
        return _undo(desk, group, request.reason, check=False)
    if request.order == "media":
        return list_media(desk, group, request.erasure.assets, witness=request.erasure.witness)
    return certify(desk, group, request.erasure, check=False)


def _undo(desk: Desk, group: Sequence[Candidate], reason: str, *, check: bool) -> Report:
    """Bring back every machine whose case is open; one that is deleted cannot be."""
    report = Report()
    able = []
    for each in group:
        case = desk.case(each.key)
        if not case.done:
            continue
        if case.is_deleted:
            text = Text(
                en="it is deleted: only its last copy can be restored (playbooks/restore.yml)",
                ja="削除済です。最終バックアップからの復元だけが可能です",
            )
            report.add(each, "undo", "refused", text)
        elif check:
            report.add(each, "undo", "changed", Text(en="would be brought back as it was", ja="元の状態に戻す予定"))
        else:
            able.append(each)
    failed = set()
    for each, why in take_back(desk, able, reason) if able else ():
        report.add(each, "undo", "failed", Text(en=why, ja=why))
        failed.add(each.key)
    for each in able:
        if each.key not in failed:
            report.add(each, "undo", "changed", Text(en="back as it was", ja="元の状態に戻しました"))
    return report


def _outcome(report: Report, live: list[LiveVCenter], started: float) -> Outcome:
    results: list[Result] = report.results
    return Outcome(
        results=results,
        unchanged=0,
        unmanaged=(),
        digest=report.digest,
        seconds=time.monotonic() - started,
        calls=calls(live),
        notes=report.notes,
    )
