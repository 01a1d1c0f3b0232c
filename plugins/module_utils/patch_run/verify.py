"""Later: are the machines of a round still as their run left them, and healthy?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar import round_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import answers_from
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What is wrong, by name; a machine that no run of the round has begun with is named too, and is nothing wrong."""

    round: str
    good: tuple[str, ...]
    wrong: Mapping[str, str]
    never: tuple[str, ...]

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        lines = [
            f"round {self.round}: {len(self.good)} machines are as their run left them and healthy, "
            f"{len(self.wrong)} are not, {len(self.never)} were not patched"
        ]
        lines += [f"{name}: {why}" for name, why in sorted(self.wrong.items())]
        return {
            "changed": False,
            "good": list(self.good),
            "wrong": dict(self.wrong),
            "never": list(self.never),
            "text": "\n".join(lines),
        }


def run_verify(
    target: Target, names: Sequence[str], answers: Mapping[str, Any], at: datetime | None = None
) -> Verified:
    """Compare a look at the guests with what the last run of the round has left. Writes nothing."""
    prepared = prepare(target, at)
    zone = prepared.estate.platform.estate.timezone
    start, _ = round_of(prepared.estate.platform.patch_cycle, prepared.now.astimezone(ZoneInfo(zone)).date(), zone)
    round_id = f"{start:%Y-%m}"
    with open_store(target.records_url, production=target.production, create=False) as store:
        runs = [store.patches.machines(run.run_id).values() for run in store.patches.runs(target.environment, round_id)]
    return judge(round_id, names, [each for machines in runs for each in machines], answers_from(answers))


def judge(
    round_id: str, names: Sequence[str], attempts: Iterable[PatchMachine], answers: Mapping[str, Answer]
) -> Verified:
    """Every machine with these names that was begun with, by the last of its attempts (oldest first). Pure."""
    last = {each.outcome.name: each for each in attempts if each.outcome.started_at is not None}
    wrong: dict[str, str] = {}
    good: list[str] = []
    for name in sorted(set(names) & set(last)):
        why = _wrong(last[name], answers.get(name, Answer(reachable=False, error="it does not answer")))
        if why:
            wrong[name] = why
        else:
            good.append(name)
    return Verified(round=round_id, good=tuple(good), wrong=wrong, never=tuple(sorted(set(names) - set(last))))


def _wrong(machine: PatchMachine, answer: Answer) -> str:
    outcome = machine.outcome
    if machine.phase is not Phase.CLOSED:
        return f"its run has not come to its end with it ({machine.phase.value}): run the same command again"
    if outcome.after is None:
        # Whatever it answers now: nobody has judged it since.
        return f"its run has not seen it at the end ({outcome.result.value}: {outcome.reason}): run it again"
    if not answer.succeeded:
        return answer.error
    if answer.healthy is not True:
        return f"not healthy: {answer.health}"
    left = outcome.after.packages
    now = answer.facts.packages if answer.facts else {}
    differing = sorted(name for name in left.keys() | now.keys() if left.get(name) != now.get(name))
    if differing:
        return f"packages are not as the run left them: {', '.join(differing[:8])}"
    return ""
