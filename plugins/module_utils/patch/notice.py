"""更新適用のお知らせ: what one owner is told before the date, as data for the page and as Markdown. Japanese."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from jinja2 import Environment, StrictUndefined

from ansible_collections.kyotsu.platform.plugins.module_utils.eras import era_date, era_year
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Placed, Schedule, Unplaced


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemNotice:
    """One system of an owner: times and the machines that have none. `interruption` is what its users notice.

    `busy` says that a time lies in a busy season of the system, and what the owner can do; empty where none does.
    """

    system: System
    placed: tuple[Placed, ...]
    unplaced: tuple[Unplaced, ...]
    interruption: str
    busy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Everything that one owner is told. `answer_by`: the last day for 適用可否; None if nothing is to be answered."""

    owner: Organisation
    round_start: date
    answer_by: date | None
    systems: tuple[SystemNotice, ...]


def notices(schedule: Schedule, estate: Estate) -> tuple[Notice, ...]:
    """One notice per owner that has a machine in the round, in the order of the organisations' list."""
    placed = schedule.by_system()
    unplaced: dict[str, list[Unplaced]] = {}
    for each in schedule.unplaced:
        unplaced.setdefault(each.system, []).append(each)
    found = []
    for owner in estate.platform.organisations:
        systems = tuple(
            SystemNotice(
                system=system,
                placed=placed.get(system.id, ()),
                unplaced=tuple(unplaced.get(system.id, ())),
                interruption=_interruption(system, placed.get(system.id, ())),
                busy=_busy(placed.get(system.id, ())),
            )
            for system in estate.systems
            if system.owner == owner.id and (system.id in placed or system.id in unplaced)
        )
        if systems:
            found.append(_notice(schedule, estate, owner, systems))
    return tuple(found)


def _notice(schedule: Schedule, estate: Estate, owner: Organisation, systems: tuple[SystemNotice, ...]) -> Notice:
    open_starts = [each.start.date() for system in systems for each in system.placed if not each.answered]
    before = timedelta(days=estate.platform.patch_cycle.notice_days)
    # An update day later than the deadline cannot ask for an answer in the past.
    answer_by = max(min(open_starts) - before, schedule.start.date()) if open_starts else None
    return Notice(owner=owner, round_start=schedule.start.date(), answer_by=answer_by, systems=systems)


def _interruption(system: System, placed: tuple[Placed, ...]) -> str:
    """Whether the service stops: a role whose machines are all patched one after the other keeps on serving."""
    if not placed:
        return "なし（今回は適用しません）"
    keys = {each.key for each in placed}
    machines = [machine for machine in system.machines if machine.key in keys]
    alone = sorted({machine.role for machine in machines if machine.pair is None and not machine.stateless})
    if not alone:
        return "なし（冗長化した機器を一台ずつ順に適用します）"
    return f"あり（{'・'.join(alone)} の再起動中は利用できないことがあります）"


def _busy(placed: tuple[Placed, ...]) -> str:
    names = dict.fromkeys(each.busy.ja for each in placed if each.busy is not None)
    if not names:
        return ""
    season = "」「".join(names)
    return f"「{season}」の時期に当たり、この回に他の候補日がありません。支障があれば適用否と回答してください。"


def notice_markdown(notice: Notice) -> str:
    """The notice as Markdown for a mail or a wiki."""
    return "\n".join(_markdown(notice)) + "\n"


def _markdown(notice: Notice) -> Iterator[str]:
    yield f"# 更新適用のお知らせ（{era_year(notice.round_start)}{notice.round_start.month}月分）"
    yield ""
    yield f"{notice.owner.name} 御中"
    yield ""
    if notice.answer_by is not None:
        yield f"適用可否を **{era_date(notice.answer_by)}** までに回答してください。"
        yield "回答のないシステムには適用せず、未対応の脆弱性とともに報告します。"
    for each in notice.systems:
        yield ""
        yield f"## {each.system.id} {each.system.name}"
        yield ""
        yield f"利用者への影響: {each.interruption}"
        yield ""
        if each.busy:
            yield f"繁忙期の実施: {each.busy}"
            yield ""
        if each.placed:
            yield "| 日付 | 時間 | 仮想サーバ |"
            yield "| --- | --- | --- |"
            yield from (
                f"| {era_date(one.start.date())} | {one.start:%H:%M}–{one.end:%H:%M} | {one.name} |"
                for one in each.placed
            )
        for one in each.unplaced:
            yield f"- {one.name}: 今回は適用できません。{unplaced_text(one)}"


def unplaced_text(each: Unplaced) -> str:
    """Why a machine has no time, and when the next one could be."""
    why = "、".join(reason.text.ja for reason in each.reasons)
    if each.next_slot is None:
        return f"{why}。次の候補日は 400 日以内にありません。"
    return f"{why}。次の候補: {era_date(each.next_slot.date())} {each.next_slot:%H:%M}"


def notice_html(template: str, notice: Notice, estate_name: str) -> str:
    """One page on A4. `template` is the text of notice.html.j2."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["era_date"] = era_date
    environment.filters["era_year"] = era_year
    environment.filters["unplaced_text"] = unplaced_text
    return environment.from_string(template).render(notice=notice, estate_name=estate_name)
