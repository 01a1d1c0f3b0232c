"""A machine that was restored after its deletion and retires again: its first case is closed, and a new one begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.look import facts_of
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import advance
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import refusals
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine

PAPERS = ("completion-record", "erasure-certificate")


def reopen(desk: Desk, group: Sequence[Candidate]) -> Iterator[str]:
    """Begin a new case for each machine that is deleted by its case and there again; give what to say about it.

    Only one that is described as retiring, is ours, and is under no hold: what else is there again says its file.
    """
    for each in group:
        case = desk.case(each.key)
        observed = desk.worlds.machine(each)
        if not case.is_deleted or observed is None or refusals(case, "reopen", facts_of(desk, each)):
            continue
        deleted = case.at("delete")
        event = desk.event(each.key, "reopen", {"restored": _shown_by(desk, each, observed)})
        if desk.check:
            desk.cases[each.key] = advance(case, event)
        else:
            _keep_papers(desk, each, f"{deleted:%Y-%m-%d}")
            desk.done(each.key, "reopen", event.evidence)
        yield f"{each.name}: deleted on {deleted:%Y-%m-%d} and there again ({event.evidence['restored']}): a new case"


def _shown_by(desk: Desk, candidate: Candidate, observed: ObservedMachine) -> str:
    """The restore that brought it back as the records have it, else what vCenter shows."""
    deleted = desk.case(candidate.key).at("delete")
    found = [
        each
        for each in desk.store.restores.of_machine(candidate.key)
        if each.state == "finished" and each.name == candidate.name  # a copy beside it has another name
        if each.ended_at is not None and deleted is not None and each.ended_at >= deleted
    ]
    if found:
        return f"restore {found[-1].id} from copy {found[-1].copy_id}"
    return f"{observed.name}, instance UUID {observed.instance_uuid}, in {candidate.vcenter}"


def _keep_papers(desk: Desk, candidate: Candidate, day: str) -> None:
    """The papers of the first case keep their day in their name, so that those of the second do not replace them."""
    folder = desk.reports / candidate.unit
    for stem in PAPERS:
        for path in (folder / f"{stem}.json", folder / f"{stem}.html"):
            if path.exists():
                path.rename(path.with_name(f"{stem}-{day}{path.suffix}"))
