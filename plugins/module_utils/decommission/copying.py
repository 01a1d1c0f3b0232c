"""The steps of the last copy: to tape, read back from tape, and off site where the owner has off-site copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.evidence import LastCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.last_copy import newest_copy, offsite_copy
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.leaving import Failed
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.delete_machine import (
    change_version,
    newest_power_on,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


def back_up(desk: Desk, group: Sequence[Candidate]) -> Iterator[Failed]:
    """One run of the backup verb for all machines; a copy that a run which died has left is taken as it is."""
    missing = [each for each in group if _copy_of(desk, each) is None]
    try:
        answers = desk.copies.back_up({each.name for each in missing}) if missing else {}
    except VerbRefused as error:
        answers = {each.name: str(error) for each in missing}
    desk.worlds.read_again()
    for each in group:
        copy = _copy_of(desk, each)
        observed = desk.worlds.machine(each)
        if copy is None or observed is None:
            yield each, answers.get(each.name) or "no copy that was read back well is in the records"
            continue
        session = desk.worlds.live(each.vcenter).session
        recorded = desk.store.copies.jobs([copy.id])[copy.id]
        last = LastCopy(
            copy=copy.id,
            job=recorded.job,
            manifest_digest=recorded.manifest_digest,
            change_version=change_version(session, observed.reference),
            power_on=newest_power_on(session, observed.reference),
        )
        desk.done(each.key, "back-up", {"backup": last.as_text(), "tapes": ", ".join(copy.tapes)})


def _copy_of(desk: Desk, candidate: Candidate) -> Copy | None:
    since = desk.case(candidate.key).at("quarantine")
    return newest_copy(desk.store, candidate.key, since) if since is not None else None


def verify(desk: Desk, group: Sequence[Candidate]) -> Iterator[Failed]:
    """Read each copy from its tapes once more; one that is not equal counts for nothing from then on."""
    for each in group:
        last = LastCopy.from_text(desk.case(each.key).done["back-up"].evidence["backup"])
        try:
            why = desk.copies.read_back(last.job, last.manifest_digest)
        except VerbRefused as error:  # nothing was read: that says nothing about the copy
            yield each, str(error)
            continue
        desk.store.copies.read_back(last.copy, ok=not why, job=last.job, origin=desk.origin)
        if why:
            yield each, f"its last copy is not what was written ({why}): undo, and begin again with another copy"
            continue
        desk.done(each.key, "verify", {"read_back": f"copy {last.copy} equals manifest {last.manifest_digest}"})


def copy_off_site(desk: Desk, group: Sequence[Candidate]) -> Iterator[Failed]:
    """Take note of the copies that the vault has made; it makes them with its next order."""
    for each in group:
        found = offsite_copy(desk.store, _last(desk, each).copy, each.key, desk.now)
        if found is not None:
            desk.done(each.key, "copy-off-site", {"tapes": ", ".join(found.tapes)})
    yield from ()


def waits_for_vault(desk: Desk, candidate: Candidate) -> bool:
    """Whether the copy off site is not there yet."""
    return offsite_copy(desk.store, _last(desk, candidate).copy, candidate.key, desk.now) is None


def _last(desk: Desk, candidate: Candidate) -> LastCopy:
    return LastCopy.from_text(desk.case(candidate.key).done["back-up"].evidence["backup"])
