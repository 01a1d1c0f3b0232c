"""Emergency runs that nobody approved afterwards in time. Pure: what the records hold is given as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.working_days import add_working_days


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRun:
    """A run that went before its approval. `ran_at` is aware."""

    run_id: str
    digest: str
    actor: str
    reason: str
    ran_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """An approval that was recorded later, for one run."""

    run_id: str
    digest: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands with one emergency run. `due` is the last day on which its approval is in time."""

    run: EmergencyRun
    due: date
    state: str  # approved | late | waiting | overdue

    @property
    def bad(self) -> bool:
        """Whether somebody must look: overdue, or approved too late."""
        return self.state in ("late", "overdue")

    @property
    def text(self) -> Text:
        """In one line."""
        words = {
            "approved": Text(en="approved in time", ja="期限内に承認済"),
            "late": Text(en="approved after its term", ja="期限後に承認"),
            "waiting": Text(en=f"to be approved by {self.due}", ja=f"{self.due} までに要承認"),
            "overdue": Text(
                en=f"overdue since {self.due}: have it approved (scripts/approve.py create --run-id {self.run.run_id})",
                ja=f"{self.due} で期限切れ（scripts/approve.py create --run-id {self.run.run_id} で承認を受けること）",
            ),
        }[self.state]
        when = f"{self.run.ran_at:%Y-%m-%d %H:%M}"
        return Text(
            en=f"emergency run {self.run.run_id} of {when} by {self.run.actor} ({self.run.reason}): {words.en}",
            ja=f"緊急作業 {self.run.run_id}（{when}、{self.run.actor}、{self.run.reason}）: {words.ja}",
        )


def standings(
    runs: Iterable[EmergencyRun],
    approvals: Iterable[Afterwards],
    *,
    working_days: int,
    holidays: Collection[str],
    today: date,
    timezone: str,
) -> Iterator[Standing]:
    """One standing per emergency run; days are those of the estate's time zone."""
    zone = ZoneInfo(timezone)
    known: dict[tuple[str, str], date] = {}
    for each in approvals:
        day = each.recorded_at.astimezone(zone).date()
        known[each.run_id, each.digest] = min(day, known.get((each.run_id, each.digest), day))
    for run in runs:
        due = add_working_days(run.ran_at.astimezone(zone).date(), working_days, holidays)
        approved = known.get((run.run_id, run.digest))
        if approved is not None:
            state = "approved" if approved <= due else "late"
        else:
            state = "waiting" if today <= due else "overdue"
        yield Standing(run=run, due=due, state=state)
