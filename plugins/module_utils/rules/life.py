"""A-08 and Y-03: what is going, and what still needs it."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Retirement, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check_needed(estate: Estate, context: Context) -> Findings:
    """A-08: nothing in service needs a retired system; what is retiring is needed for a while; flows end with it."""
    for index, system in enumerate(estate.systems):
        if system.status in {"retired", "retiring"}:
            continue
        for number, dependency in enumerate(system.depends_on):
            other = estate.system_by_id.get(dependency.system or "")
            if other is None or other.status not in {"retired", "retiring"}:
                continue
            yield context.finding(
                "A-08",
                ("systems", index, "depends_on", number),
                system.id,
                Text(
                    en=f"{system.id}: needs {other.id}, which is {other.status}",
                    ja=f"{system.id}: {other.id} は{'廃止済' if other.status == 'retired' else '廃止手続中'}です",
                ),
                Text(
                    en="name what replaces it, or remove the dependency",
                    ja="代わりを指定するか、依存を削除してください",
                ),
                only_warn=other.status == "retiring",
            )
    gone = {machine.key for system, machine in estate.machines() if status_of(system, machine) == "retired"}
    gone |= {pool.key for system, pool in estate.desktop_pools() if system.status == "retired"}
    for index, flow in enumerate(estate.platform.flows):
        for field, name in (("source", flow.source), ("destination", flow.destination)):
            if name in gone:
                yield context.finding(
                    "A-08",
                    ("flows", index, field),
                    flow.id,
                    Text(en=f"{flow.id}: {name} is retired", ja=f"{flow.id}: {name} は廃止済です"),
                    Text(
                        en="close the flow and remove it here",
                        ja="通信を止め、登録を削除してください",
                    ),
                    only_warn=True,
                )


def check_dates(estate: Estate, context: Context) -> Findings:
    """Y-03: retired is what has had its day, retiring what has not; nothing runs in a retired system."""
    for index, system in enumerate(estate.systems):
        keys: Keys = ("systems", index)
        yield from _date(context, keys, system.id, system.status, system.retirement)
        for number, machine in enumerate(system.machines):
            here = (*keys, "machines", number)
            if machine.status is not None:
                yield from _date(context, here, machine.name, machine.status, machine.retirement)
            if system.status == "retired" and machine.status not in {None, "retired"}:
                yield context.finding(
                    "Y-03",
                    (*here, "status"),
                    machine.name,
                    Text(
                        en=f"{machine.name}: {machine.status}, while {system.id} is retired",
                        ja=f"{machine.name}: システム {system.id} は廃止済ですが、{machine.status} です",
                    ),
                    Text(
                        en="retire the machine first, then the system",
                        ja="先に仮想サーバを廃止し、その後システムを廃止してください",
                    ),
                )


def _date(context: Context, keys: Keys, thing: str, status: str, retirement: Retirement | None) -> Findings:
    if retirement is None or status not in {"retiring", "retired"}:
        return
    late = status == "retiring" and context.is_over(retirement.date)
    early = status == "retired" and retirement.date > context.as_of.isoformat()
    if late or early:
        yield context.finding(
            "Y-03",
            (*keys, "retirement", "date"),
            thing,
            Text(
                en=f"{thing}: {status}, and its day is {retirement.date}",
                ja=f"{thing}: {'廃止手続中' if late else '廃止済'}ですが、廃止日は {retirement.date} です",
            ),
            Text(
                en="finish the retirement, or agree on another day"
                if late
                else "write the day on which it was retired",
                ja="廃止を完了するか、廃止日を改めてください" if late else "実際の廃止日を書いてください",
            ),
            only_warn=late,
        )
