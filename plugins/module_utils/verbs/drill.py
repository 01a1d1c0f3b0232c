"""The verb drill: a system is restored from tapes that were in the vault, into a network that leads nowhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, CustodyRefused, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.drill import certificate_page
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, plan_file_text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import canonical_json
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import NothingToRestore, choose_copy
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.compare import ManifestIncomplete
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import NoDestination
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_certificate import Certificate
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_rotation import (
    Due,
    drilled_machines,
    overdue_lines,
    rotation,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.forecast import predict, rate_of
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import RestorePlan
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.route import route_of
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.closed_network import (
    closed_networks,
    make_closed_network,
    proof_of_closure,
    remove_closed_network,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.approved import require_approval
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drill_machines import (
    DrillMachine,
    ask,
    bring_up,
    certified,
    failed,
    take_down,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drill_order import (
    DrillOrder,
    DrillOutcome,
    DrillWork,
    chosen_system,
    drill_plan,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import Run, locked_run
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import (
    RestoreContext,
    take_away_dead,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_plans import came_back
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import RestoreFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter, calls, live_vcenters

_MOST_NEIGHBOURS = 3
_FAILURES = (RestoreFailed, NothingToRestore, NoDestination, ManifestIncomplete, VCenterError, TapeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One drill: what all steps need."""

    target: Target
    prepared: Prepared
    order: DrillOrder
    zone: ZoneInfo
    dues: tuple[Due, ...]
    system: System
    work: tuple[DrillWork, ...]
    plan: Plan
    network: str
    started: float

    @property
    def estate(self) -> Estate:
        """The estate."""
        return self.prepared.estate


def run_drill(target: Target, order: DrillOrder, *, now: datetime | None = None) -> DrillOutcome:
    """Drill one system, or show in check mode which one is due, from which tapes, and what is missing.

    Raises:
        InvalidEstate, VCenterError, RecordsError, VerbRefused: nothing was made.
    """
    started = time.monotonic()
    prepared = prepare(target, now, writes=not order.check)
    try:
        tape = TapeJobs(TapeSettings.read(order.tape_settings))
    except TapeError as error:
        raise VerbRefused(str(error)) from error
    if order.check:
        with (
            open_store(target.records_url, production=target.production, create=False) as store,
            live_vcenters(target, prepared.desired) as live,
        ):
            case = _case(target, prepared, order, store, live, started=started)
            _write_plan(case)
            return _outcome(case, [_would(each) for each in case.work], live)
    with (
        locked_run(target, "drill", prepared.commit) as run,
        live_vcenters(target, prepared.desired, settled=True) as live,
    ):
        case = _case(target, prepared, order, run.store, live, started=started)
        _write_plan(case)
        notes = list(run.notes)
        for vcenter in live:
            with _context(tape, run, vcenter) as context:
                notes += _clean(context, prepared.estate)
        waiting = [each for each in case.work if each.refusal]
        if waiting:
            return _outcome(case, [_held(case, run, each) for each in case.work], live, notes=notes)
        approved = require_approval(
            run, target, prepared, case.plan, case.plan.changes, file=order.approval, emergency=None
        )
        with _context(tape, run, case.work[0].live) as context:
            certificate = _carried_out(case, context, run)
        files = _keep(case, run, certificate)
        results = [_result(case, each, certificate) for each in case.work]
        return _outcome(case, results, live, notes=[*notes, *approved], certificate=certificate, files=files)


def _case(
    target: Target,
    prepared: Prepared,
    order: DrillOrder,
    store: Store,
    live: list[LiveVCenter],
    *,
    started: float,
) -> _Case:
    estate = prepared.estate
    policy = estate.platform.restore_drill
    dues = rotation(estate, store.restores.drills(), prepared.now, policy.months)
    system = chosen_system(estate, order, dues)
    work = tuple(_work(prepared, store, live, system))
    if not work:
        raise VerbRefused(f"{system.id}: none of its machines is in a vCenter of this inventory")
    if len({each.live.desired.id for each in work}) != 1:
        raise VerbRefused(f"{system.id}: its machines are in several vCenters")
    network = _network_of(system)
    return _Case(
        target=target,
        prepared=prepared,
        order=order,
        zone=ZoneInfo(estate.platform.estate.timezone),
        dues=dues,
        system=system,
        work=work,
        plan=drill_plan(target.environment, prepared.commit, system, work, network),
        network=network,
        started=started,
    )


def _work(prepared: Prepared, store: Store, live: list[LiveVCenter], system: System) -> Iterator[DrillWork]:
    """The machines in the order in which they are started; each must come from a tape that was in the vault."""
    estate, now = prepared.estate, prepared.now
    zone = ZoneInfo(estate.platform.estate.timezone)
    copies, statuses = store.copies.existing(), store.custody.statuses()
    assumed = next(rate for rate in estate.platform.restore_rates if rate.medium == "tape")
    keys = {machine.key for machine in drilled_machines(estate, system)}
    found: list[tuple[DesiredMachine, LiveVCenter]] = [
        (machine, each) for each in live for machine in each.desired.machines if machine.key in keys
    ]
    for desired, vcenter in sorted(found, key=lambda pair: (pair[0].order, pair[0].key)):
        try:
            choice = choose_copy(
                copies, statuses, desired.key, at=now + timedelta(seconds=1), as_of=now, side="offsite"
            )
            route = route_of(choice.tapes, statuses, estate.platform.vaults, now.astimezone(zone).date())
        except NothingToRestore as error:
            yield DrillWork(desired=desired, live=vcenter, refusal=str(error))
            continue
        prediction = predict(
            choice.size_bytes,
            rate_of(store.restores.measurements(), assumed),
            rto_hours=system.recovery.rto_hours,
            now=now,
            arrivals=[stop.expected for stop in route if stop.expected],
            zone=zone,
        )
        plan = RestorePlan(
            vcenter=vcenter.desired.id,
            machine=desired.name,
            name=f"drill copy of {desired.name}",
            cluster=desired.cluster,
            choice=choice,
            route=route,
            prediction=prediction,
            replaces="",
        )
        # What holds the bytes of unchanged disks is read as well, and must have made the way.
        stayed = [each for each in (choice.copy, *choice.needed) if not came_back(store, each.tapes, each.taken_at)]
        refusal = "; ".join(f"{stop.tape}: {stop.todo.en}" for stop in plan.waits if stop.todo)
        if not refusal and stayed:
            tapes = ", ".join(dict.fromkeys(tape for each in stayed for tape in each.tapes))
            refusal = f"{tapes} has never been in the vault: a drill takes a tape that came back"
        yield DrillWork(desired=desired, live=vcenter, plan=plan, came_back=not stayed, refusal=refusal)


def _network_of(system: System) -> str:
    return f"drill-{system.segment}-{system.id}"


@contextmanager
def _context(tape: TapeJobs, run: Run, live: LiveVCenter) -> Iterator[RestoreContext]:
    with TaskWaiter(live.session) as waiter:
        yield RestoreContext(
            world=World(live.session, live.observed, waiter, ApplyOptions()),
            datacenter=live.desired.datacenter,
            tape=tape,
            store=run.store,
            origin=run.origin,
            ca_file=Path(live.session.endpoint.ca_file or ""),
            say=Progress().say,
        )


def _clean(context: RestoreContext, estate: Estate) -> list[str]:
    """Take away what drills that died have left: machines first, then their networks."""
    said = take_away_dead(context, but=lambda record: record.purpose != "drill")
    for name in closed_networks(context.world, {_network_of(system) for system in estate.systems}):
        remove_closed_network(context.world, name)
        said.append(f"the closed network {name} that a drill had left is removed")
    return said


def _carried_out(case: _Case, context: RestoreContext, run: Run) -> Certificate:
    began = run.store.database.clock()
    policy = case.estate.platform.restore_drill
    machines = [
        DrillMachine(each, each.plan, f"drill-{run.origin.run_id}-{each.desired.key}")
        for each in case.work
        if each.plan is not None
    ]
    cards, torn_down = ["not looked at"], True
    try:
        make_closed_network(context.world, case.network, case.work[0].desired.cluster)
        cards = proof_of_closure(context.world, case.network)
        if not cards:
            _run_machines(case, context, machines, policy.health_minutes * 60.0)
    except VCenterError as error:
        for machine in machines:
            machine.problems.append(message_of(error))
    finally:
        for machine in reversed(machines):
            torn_down &= take_down(context, machine)
        try:
            remove_closed_network(context.world, case.network)
        except VCenterError:
            torn_down = False
    return _certificate(case, run, machines, began, closed=not cards, torn_down=torn_down)


def _run_machines(case: _Case, context: RestoreContext, machines: Sequence[DrillMachine], seconds: float) -> None:
    targets = _targets(case)
    for machine in machines:
        machine.began = time.monotonic()
        context.say(f"drill: {machine.work.desired.name} comes from {', '.join(machine.plan.choice.tapes)}")
        try:
            bring_up(context, machine, case.network, case.estate.platform.restore_drill, targets)
        except _FAILURES as error:
            failed(machine, error)
            continue
        ask(context, machine, seconds)
        context.say(f"drill: {machine.work.desired.name}: {'; '.join(machine.problems) or 'healthy'}")


def _targets(case: _Case) -> list[tuple[str, int]]:
    """Ways out that the guests try: gateways, name servers, and neighbours of the original that are not drilled."""
    found: dict[tuple[str, int], None] = {}
    own = {nic.address for each in case.work for nic in each.desired.nics}
    port_groups = {nic.port_group for each in case.work for nic in each.desired.nics}
    for each in case.work:
        for network in each.desired.first_boot.networks if each.desired.first_boot else ():
            if network.gateway:
                found[network.gateway, 443] = None
            found.update(((server, 53), None) for server in network.dns_servers)
    neighbours = [
        nic.address
        for machine in case.work[0].live.desired.machines
        for nic in machine.nics
        if nic.port_group in port_groups and nic.address not in own and machine.power == "on"
    ]
    found.update(((address, 22), None) for address in neighbours[:_MOST_NEIGHBOURS])
    return list(found)


def _certificate(
    case: _Case, run: Run, machines: Sequence[DrillMachine], began: datetime, *, closed: bool, torn_down: bool
) -> Certificate:
    ended = run.store.database.clock()
    approvals = run.store.approvals.valid(case.plan.digest, ended)
    drilled = {each.work.desired.key for each in machines}
    units = {unit.id: unit.name for unit in case.estate.platform.organisations}
    return Certificate(
        number=f"DR-{ended.astimezone(case.zone):%Y%m%d}-{run.origin.run_id}",
        system=case.system.id,
        system_name=case.system.name,
        owner=units.get(case.system.owner, case.system.owner),
        environment=case.target.environment,
        began_at=began,
        ended_at=ended,
        approval=", ".join(dict.fromkeys(each.note for each in approvals if each.note)),
        approved_by=tuple(dict.fromkeys(each.who for each in approvals)),
        executor=run.origin.actor,
        network=case.network,
        closed=closed,
        torn_down=torn_down,
        rto_hours=case.system.recovery.rto_hours,
        machines=tuple(certified(machine) for machine in machines),
        not_covered=tuple(machine.name for machine in case.system.machines if machine.key not in drilled),
        commit=case.prepared.commit,
    )


def _keep(case: _Case, run: Run, certificate: Certificate) -> tuple[str, ...]:
    """The certificate into the chain, then as JSON and as a page; the page carries the head of the chain after it."""
    run.store.restores.certify(
        certificate.system,
        certificate.as_value(),
        at=certificate.ended_at,
        passed=certificate.passed,
        origin=run.origin,
    )
    folder = case.order.report_directory
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / f"{certificate.number}.json", folder / f"{certificate.number}.html"
    data.write_text(canonical_json(certificate.as_value()) + "\n", encoding="utf-8")
    anchor = str(run.store.chain.head())
    page.write_text(certificate_page(case.target.repository, certificate, case.zone, anchor), encoding="utf-8")
    return (str(data), str(page))


def _write_plan(case: _Case) -> None:
    if case.order.plan_file is not None:
        case.order.plan_file.parent.mkdir(parents=True, exist_ok=True)
        case.order.plan_file.write_text(plan_file_text(case.plan), encoding="utf-8")


def _held(case: _Case, run: Run, work: DrillWork) -> Result:
    if not work.refusal or work.plan is None:
        return _of(work, "refused" if work.refusal else "held", work.refusal or "waits for the others of its system")
    wanted = [stop.tape for stop in work.plan.waits if stop.recall]
    text = work.refusal
    if wanted and case.order.recall_by:
        events = [
            CustodyEvent(
                tape=tape,
                action="recall",
                happened_at=run.store.database.clock(),
                people=(case.order.recall_by,),
                evidence={"order": f"drill-{run.origin.run_id}", "reason": f"drill of {case.system.id}"},
            )
            for tape in wanted
            if not (status := run.store.custody.place_of(tape)) or not status.recalled_for
        ]
        try:
            run.store.custody.record(events, lambda _status: Facts(), run.origin)
        except CustodyRefused as error:
            return _of(work, "failed", str(error))
        text += "; recalled: it comes with the next courier, then run this command again"
    elif wanted:
        text += "; run again with -e recall_by='NAME' to ask the vault for it"
    return _of(work, "held", text)


def _would(work: DrillWork) -> Result:
    return _of(work, "held" if work.refusal else "changed", work.refusal or "would be drilled")


def _result(case: _Case, work: DrillWork, certificate: Certificate) -> Result:
    found = next((each for each in certificate.machines if each.machine == work.desired.key), None)
    general = [text for text in certificate.problems if ": " not in text]
    problems = [*(found.problems if found else ("was not drilled",)), *general]
    if problems:
        return _of(work, "failed", "; ".join(problems))
    return _of(work, "changed", f"restored, healthy ({found.health if found else ''}), removed; {certificate.number}")


def _of(work: DrillWork, status: str, message: str) -> Result:
    return Result(
        vcenter=work.live.desired.id,
        kind="machine",
        object=work.desired.key,
        label=work.desired.name,
        status=status,
        message=message,
    )


def _outcome(
    case: _Case,
    results: Sequence[Result],
    live: list[LiveVCenter],
    *,
    notes: Sequence[str] = (),
    certificate: Certificate | None = None,
    files: tuple[str, ...] = (),
) -> DrillOutcome:
    overdue = overdue_lines(case.dues, case.prepared.now)
    due = next(each for each in case.dues if each.system == case.system.id)
    text = [
        f"{case.system.id} {case.system.name_en}: last drill {f'{due.last:%Y-%m-%d}' if due.last else 'never'}, "
        f"{'OVERDUE' if due.overdue else f'due {due.due:%Y-%m-%d}'}; {len(overdue)} systems are overdue"
    ]
    text += [line for each in case.work if each.plan is not None for line in each.plan.text(case.zone)]
    return DrillOutcome(
        outcome=Outcome(
            results=results,
            unchanged=0,
            unmanaged=(),
            digest=case.plan.digest,
            seconds=time.monotonic() - case.started,
            calls=calls(live),
            plan_file=str(case.order.plan_file) if case.order.plan_file else None,
            notes=notes,
        ),
        rotation=case.dues,
        overdue=tuple(overdue),
        text=tuple(text),
        certificate=certificate,
        files=files,
    )
