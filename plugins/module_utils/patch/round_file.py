"""patches/YYYY-MM.yml: the approved content of one round, the owners' answers (適用可否), and what was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError, read_data_file
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.acceptance import Acceptance
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer

FOLDER = "patches"
_SCHEMA = f"{FOLDER}/_schema/round.schema.json"
_LONGEST_ACCEPTANCE = timedelta(days=366)  # a risk is looked at again at least once a year


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One content snapshot of the mirrors; `manifests` is segment -> SHA-256 of what its mirror serves."""

    snapshot: str
    approved_by: str
    approved_on: date
    manifests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundAnswer:
    """An answer as it stands in the file."""

    system: str
    applies: bool
    by: str
    answered_on: date
    reason: str = ""
    everything: bool = False
    hold: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchRound:
    """The file of one round."""

    round: str
    content: Content
    answers: tuple[RoundAnswer, ...]
    accepted: tuple[Acceptance, ...] = ()

    def answer_by_system(self) -> dict[str, Answer]:
        """The answers as the planner takes them."""
        return {
            each.system: Answer(
                applies=each.applies,
                by=each.by,
                answered_on=each.answered_on,
                reason=each.reason,
                everything=each.everything,
                hold=each.hold,
                exclude=each.exclude,
            )
            for each in self.answers
        }


def round_file(repository: Path, start: date) -> Path:
    """Where the file of the round that begins on `start` stands."""
    return repository / FOLDER / f"{start:%Y-%m}.yml"


def read_round(repository: Path, path: Path, estate: Estate) -> PatchRound:
    """The file, checked against its schema and the estate. Raises DataFileError with every fault."""
    _, found = read_data_file(repository, path, _SCHEMA, PatchRound)
    faults = list(_faults(found, path, estate))
    if faults:
        raise DataFileError("\n".join(faults))
    return found


def read_acceptances(repository: Path, estate: Estate) -> tuple[Acceptance, ...]:
    """What was accepted in any round, the oldest round first. Raises DataFileError."""
    files = sorted((repository / FOLDER).glob("*.yml"))
    return tuple(each for file in files for each in read_round(repository, file, estate).accepted)


def _faults(found: PatchRound, path: Path, estate: Estate) -> list[str]:
    name = f"{FOLDER}/{path.name}"
    faults = []
    if path.name != f"{found.round}.yml":
        faults.append(f"{name}: it is about round {found.round} and must be called {found.round}.yml")
    answered = [each.system for each in found.answers]
    faults += [
        f"{name}: {each} has more than one answer: keep the last one"
        for each in sorted({each for each in answered if answered.count(each) > 1})
    ]
    for answer in found.answers:
        system = estate.system_by_id.get(answer.system)
        if system is None:
            faults.append(f"{name}: system {answer.system} does not exist in systems/")
            continue
        keys = {machine.key for machine in system.machines}
        faults += [
            f"{name}: {answer.system} leaves out {key}, which is none of its machines: {', '.join(sorted(keys))}"
            for key in answer.exclude
            if key not in keys
        ]
        if not answer.applies and not answer.reason:
            faults.append(f"{name}: {answer.system} does not apply it: say why in `reason`")
    faults += [f"{name}: {fault}" for each in found.accepted for fault in _faults_of_acceptance(each, estate)]
    segments = {segment.id for segment in estate.platform.segments}
    faults += [
        f"{name}: content.manifests names {each}, which is no segment: {', '.join(sorted(segments))}"
        for each in sorted(set(found.content.manifests) - segments)
    ]
    return faults


def _faults_of_acceptance(each: Acceptance, estate: Estate) -> list[str]:
    faults = []
    if each.system not in estate.system_by_id:
        faults.append(f"accepted: system {each.system} does not exist in systems/")
    if not each.accepted_on <= each.until <= each.accepted_on + _LONGEST_ACCEPTANCE:
        faults.append(
            f"accepted: {each.system}: until {each.until} must lie in the year from {each.accepted_on} on: "
            "accept it again then if the risk is still borne"
        )
    return faults
