"""Y-02 and Y-03 of a change: what was there before it and is not after it. Needs two states of the estate."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.retirement_terms import waiting

# What a state may become. Planned things were perhaps never built; retiring may be called off; retired is the end.
NEXT = {
    "planned": {"planned", "in-service", "retiring"},
    "in-service": {"in-service", "retiring"},
    "retiring": {"retiring", "in-service", "retired"},
    "retired": {"retired"},
}


def retirement_order(before: Estate, after: Estate, context: Context | None = None) -> tuple[Finding, ...]:
    """Y-03: systems and machines that disappear while they exist, and states that skip `retiring` or go back.

    `context` is that of `after`; without it findings name files, but line 1. A system or machine that moved with its
    keys has not disappeared.
    """
    if context is None:
        context = Context(estate=after, as_of=today(), system_documents=(), platform_documents={})
    return tuple(check_order(before, after, context))


def check_order(before: Estate, after: Estate, context: Context) -> Findings:
    """As retirement_order, for the catalogue."""
    machines = {
        machine.key: (("systems", index, "machines", number), system, machine)
        for index, system in enumerate(after.systems)
        for number, machine in enumerate(system.machines)
    }
    pools = {pool.key for _, pool in after.desktop_pools()}
    places = {system.id: index for index, system in enumerate(after.systems)}
    for system in before.systems:
        if system.id not in places and not context.is_unread(system.id):
            if _exists(system) and not _moved(system, {*machines, *pools}):
                yield _disappeared(context, system)
            continue
        if context.is_unread(system.id):
            continue
        new = after.systems[places[system.id]]
        yield from _step(context, ("systems", places[system.id], "status"), system.id, system.status, new.status)
        for machine in system.machines:
            was = status_of(system, machine)
            if machine.key not in machines:
                if was not in {"planned", "retired"}:
                    yield _lost(context, places[system.id], machine.name, was)
                continue
            keys, owner, now = machines[machine.key]
            status = status_of(owner, now)
            # What follows from the system is told there.
            if (was, status) != (system.status, new.status):
                yield from _step(context, (*keys, "status"), now.name, was, status)
        for pool in system.desktop_pools:
            if pool.key not in pools and _exists(system):
                yield _lost(context, places[system.id], pool.name, system.status, only_warn=True)


def _exists(system: System) -> bool:
    """Whether something of it may be in vCenter."""
    parts = [status_of(system, machine) for machine in system.machines] or [system.status]
    return any(status in {"in-service", "retiring"} for status in parts)


def _moved(system: System, keys: set[str]) -> bool:
    """Whether all that exists of it is described elsewhere: a rename, not an end."""
    parts = {machine.key for machine in system.machines if status_of(system, machine) in {"in-service", "retiring"}}
    parts |= {pool.key for pool in system.desktop_pools}
    return bool(parts) and parts <= keys


def _disappeared(context: Context, system: System) -> Finding:
    name = f"{system.id}-{system.slug}" if system.slug else system.id
    return Finding(
        rule="Y-03",
        severity=context.severity("Y-03"),
        file=f"systems/{name}.yml",
        line=1,
        object=system.id,
        message=Text(
            en=f"{system.id}: the file disappears while the system is {system.status}",
            ja=f"{system.id}: 廃止済でないのにファイルが削除されます（{system.status}）",
        ),
        remedy=Text(
            en="bring the file back and begin with status: retiring",
            ja="ファイルを戻し、status: retiring から始めてください",
        ),
    )


def _lost(context: Context, index: int, thing: str, was: str, *, only_warn: bool = False) -> Finding:
    return context.finding(
        "Y-03",
        ("systems", index),
        thing,
        Text(
            en=f"{thing}: disappears from the file while it is {was}",
            ja=f"{thing}: 廃止済でないのに定義が削除されます（{was}）",
        ),
        Text(
            en="bring it back and begin with status: retiring; a renamed one keeps its key",
            ja="定義を戻し、status: retiring から始めてください（改名なら鍵は変えません）",
        ),
        only_warn=only_warn,
    )


def _step(context: Context, keys: Keys, thing: str, was: str, now: str) -> Findings:
    if now in NEXT.get(was, {now}):
        return
    yield context.finding(
        "Y-03",
        keys,
        thing,
        Text(en=f"{thing}: from {was} to {now}", ja=f"{thing}: {was} から {now} への変更です"),
        Text(
            en="go through retiring" if now == "retired" else "what is retired stays so; a new one has keys of its own",
            ja="retiring を経てください" if now == "retired" else "廃止済は戻せません。新しい鍵で作り直してください",
        ),
    )


def check_reuse(before: Estate, after: Estate, context: Context) -> Findings:
    """Y-02: an address or name that was another machine's until this change. A warning: it may be on purpose."""
    held = dict(_held(before))
    told = {value for value, _, _ in waiting(before, context)}  # by Y-04, as an error
    still = {(kind, value, machine.key) for (kind, value), machine in _held(after)}
    for index, system in enumerate(after.systems):
        for number, machine in enumerate(system.machines):
            for (kind, value), _ in _values(machine):
                other = held.get((kind, value))
                if other is None or other.key == machine.key or (kind, value, other.key) in still or value in told:
                    continue  # nobody's, its own, or still in use: of that the rule speaks without a second state
                yield context.finding(
                    "Y-02",
                    ("systems", index, "machines", number),
                    machine.name,
                    Text(
                        en=f"{machine.name}: the {kind} {value} was that of {other.name} ({other.key}) until now",
                        ja=f"{machine.name}: {value} はこの変更まで {other.name}（{other.key}）のものでした",
                    ),
                    Text(
                        en="take a free one, or see that DNS, flows, firewalls and backups of the old one are gone",
                        ja="空いている値にするか、旧サーバの DNS・通信登録・バックアップを整理してください",
                    ),
                    only_warn=True,
                )


def _held(estate: Estate) -> Iterator[tuple[tuple[str, str], Machine]]:
    """Addresses and names with their machine; those that are planned do not hold theirs yet."""
    for system, machine in estate.machines():
        if status_of(system, machine) != "planned":
            yield from _values(machine)


def _values(machine: Machine) -> Iterator[tuple[tuple[str, str], Machine]]:
    yield ("name", machine.name), machine
    for nic in machine.nics:
        yield ("address", nic.address), machine
