"""Y-04: what must be settled before something is retired, and from when its names and addresses are free again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    LegalHold,
    Machine,
    Retirement,
    System,
    Text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """Every retiring or retired system and machine: no hold, records settled, a last copy, enough grace."""
    for index, system in enumerate(estate.systems):
        keys: Keys = ("systems", index)
        yield from _one(context, keys, _Subject(system.id, system.status, system.retirement, system.legal_hold))
        for number, machine in enumerate(system.machines):
            if machine.status is not None or machine.legal_hold is not None:
                here = (*keys, "machines", number)
                status = status_of(system, machine)
                subject = _Subject(machine.name, status, machine.retirement, machine.legal_hold)
                yield from _one(context, here, subject)


class _Subject(NamedTuple):
    """A system or a machine."""

    name: str
    status: str
    retirement: Retirement | None
    hold: LegalHold | None


def _one(context: Context, keys: Keys, subject: _Subject) -> Findings:
    thing, status, retirement, hold = subject
    if hold is not None and status in {"retiring", "retired"}:
        yield context.finding(
            "Y-04",
            (*keys, "legal_hold"),
            thing,
            Text(
                en=f"{thing}: {status} under legal hold ({hold.reason.en})",
                ja=f"{thing}: 保全指定中に{'廃止済' if status == 'retired' else '廃止手続中'}です（{hold.reason.ja}）",
            ),
            Text(
                en="keep it until who ordered the hold lifts it, then remove legal_hold",
                ja="指定した者が解除するまで残し、解除後に legal_hold を削除してください",
            ),
            only_warn=status == "retiring",
        )
    if retirement is None:
        return
    place = (*keys, "retirement")
    if status == "retired" and (retirement.records is None or not retirement.records.is_settled):
        yield context.finding(
            "Y-04",
            place,
            thing,
            Text(
                en=f"{thing}: retired, and its owner has not confirmed that no public record in it has to be kept",
                ja=f"{thing}: 廃止済ですが、公文書の確認（保存期間満了、歴史的文書の移管）がありません",
            ),
            Text(en="have the owner confirm it under records", ja="所管課の確認を records に記録してください"),
        )
    if status == "retired" and retirement.last_copy_years is None:
        yield context.finding(
            "Y-04",
            place,
            thing,
            Text(
                en=f"{thing}: retired, and nobody has said how long its last copy is kept",
                ja=f"{thing}: 廃止済ですが、最終バックアップの保存年数がありません",
            ),
            Text(en="write last_copy_years", ja="last_copy_years を書いてください"),
        )
    shortest = context.estate.platform.limits.grace_days
    if retirement.grace_days is not None and retirement.grace_days < shortest:
        yield context.finding(
            "Y-04",
            (*place, "grace_days"),
            thing,
            Text(
                en=f"{thing}: {retirement.grace_days} days of grace, the policy asks for {shortest}",
                ja=f"{thing}: 猶予期間 {retirement.grace_days} 日は方針の {shortest} 日より短い",
            ),
            Text(en="take a longer one, or leave it out", ja="長くするか、省いてください"),
        )


def check_cool_off(before: Estate, after: Estate, context: Context) -> Findings:
    """Of a change: a name or address of something retired is not taken before its cool-off is over."""
    taken = {value: (machine, day) for value, machine, day in waiting(before, context)}
    for index, system in enumerate(after.systems):
        for number, machine in enumerate(system.machines):
            for value in _values(machine):
                other, day = taken.get(value, (machine, ""))
                if other.key == machine.key:
                    continue
                yield context.finding(
                    "Y-04",
                    ("systems", index, "machines", number),
                    machine.name,
                    Text(
                        en=f"{machine.name}: {value} was that of {other.name} and is free again on {day}",
                        ja=f"{machine.name}: {value} は {other.name} が使用していたもので、{day} まで再利用できません",
                    ),
                    Text(en="take another one, or wait", ja="別の値にするか、その日まで待ってください"),
                )


def check_entry_stays(before: Estate, after: Estate, context: Context) -> Findings:
    """Of a change: what is retired stays described as it was until its cool-off is over, or nobody would know of it."""
    there = {machine.key: (system, machine) for system, machine in after.machines()}
    taken = {value for _, machine in after.machines() for value in _values(machine)}
    places = {system.id: index for index, system in enumerate(after.systems)}
    for system, machine, day in _cooling(before, context):
        now = there.get(machine.key)
        kept = set(_values(now[1])) if now else set()
        # What another machine takes in the same change is told there.
        gone = [value for value in _values(machine) if value not in kept | taken]
        retirement = _retirement(*now) if now else None
        sooner = retirement is not None and (retirement.reusable_from or "") < day
        if gone or sooner:
            yield _early(context, places.get(system.id), system, machine, day)


def _early(context: Context, index: int | None, system: System, machine: Machine, day: str) -> Finding:
    message = Text(
        en=f"{machine.name}: its name and addresses are free again on {day}, and this change frees them sooner",
        ja=f"{machine.name}: 名称とアドレスは {day} まで再利用できませんが、この変更で早く解放されます",
    )
    remedy = Text(en="leave its entry as it is until that day", ja="その日まで定義を残してください")
    if index is not None:
        return context.finding("Y-04", ("systems", index), machine.name, message, remedy)
    name = f"{system.id}-{system.slug}" if system.slug else system.id
    return Finding(
        rule="Y-04",
        severity=context.severity("Y-04"),
        file=f"systems/{name}.yml",
        line=1,
        object=machine.name,
        message=message,
        remedy=remedy,
    )


def waiting(estate: Estate, context: Context) -> Iterator[tuple[str, Machine, str]]:
    """Names and addresses of retired machines that are not free yet, with the machine and the day on which they are."""
    for _, machine, day in _cooling(estate, context):
        for value in _values(machine):
            yield value, machine, day


def _cooling(estate: Estate, context: Context) -> Iterator[tuple[System, Machine, str]]:
    """Retired machines whose cool-off is not over, with the first day on which it is."""
    for system, machine in estate.machines():
        retirement = _retirement(system, machine)
        if status_of(system, machine) != "retired" or retirement is None or retirement.reusable_from is None:
            continue
        if retirement.reusable_from > context.as_of.isoformat():
            yield system, machine, retirement.reusable_from


def _retirement(system: System, machine: Machine) -> Retirement | None:
    return machine.retirement if machine.retirement is not None else system.retirement


def _values(machine: Machine) -> Iterator[str]:
    yield machine.name
    for nic in machine.nics:
        yield nic.address
