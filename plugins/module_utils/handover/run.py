"""The verb handover: readiness, countdown, sealed set and release list from the description and the records."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.approval import Approvers
from ansible_collections.kyotsu.platform.plugins.module_utils.approval_files import ApprovalError, read_approvers
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.files import write_report
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.readiness import (
    READY,
    STATE_NAMES,
    Countdown,
    Readiness,
    countdowns,
    readiness,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.record import note
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.releases import Release, releases
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.sealed_set import (
    Jobs,
    SealedSet,
    how_to_read,
    sealed_set,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.handover import readiness_sheets, templates
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import (
    SEALED,
    content_hash,
    document_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.last_copies import kept_until
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import records_to_read
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What was found, and the papers that were written (none in check mode)."""

    as_of: date
    segments: tuple[str, ...]
    countdowns: tuple[Countdown, ...]
    systems: tuple[Readiness, ...]
    sealed: SealedSet
    releases: tuple[Release, ...]
    files: tuple[str, ...] = ()

    @property
    def open(self) -> list[Readiness]:
        """Systems for which nobody has decided anything, or whose way out is not finished."""
        return [each for each in self.systems if each.state in {"open", "leaving"}]

    def text(self) -> str:
        """For the terminal."""
        lines = [
            f"{each.equipment}: {each.days} days until {each.end}"
            + (f" (planned {each.planned}, extended)" if each.is_extended else "")
            for each in self.countdowns
        ]
        ready = sum(1 for each in self.systems if each.state in READY)
        lines.append(f"{len(self.systems)} systems: {ready} ready, {len(self.open)} open")
        lines += [f"{each.system} {STATE_NAMES[each.state].en}: {each.why.en}" for each in self.open]
        waiting = [f"{each.system} ({len(each.media_open)})" for each in self.systems if each.media_open]
        if waiting:
            lines.append(f"media not certified as erased, of machines that are deleted: {', '.join(waiting)}")
        lines.append(f"{len(self.sealed.copies)} copies on {len(self.sealed.tapes)} tapes")
        if self.sealed.missing:
            lines.append(f"no good copy of: {', '.join(self.sealed.missing)}")
        left = sum(1 for each in self.releases if not each.done)
        lines.append(f"{left} of {len(self.releases)} addresses, accounts and the like are not released yet")
        return "\n".join(lines)

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        return {
            "changed": bool(self.files),
            "text": self.text(),
            "open": [each.system for each in self.open],
            "missing": list(self.sealed.missing),
            "media_open": [each.system for each in self.systems if each.media_open],
            "days": {each.equipment: each.days for each in self.countdowns},
            "files": list(self.files),
        }


def run_handover(
    target: Target,
    *,
    reports: Path,
    segments: Sequence[str] = (),
    now: datetime | None = None,
    check: bool = False,
    tape_settings: Path | None = None,
) -> Handover:
    """Look at one segment, some, or (without any) all, and write the papers unless in check mode.

    `tape_settings`: of the tape software; they name the program that a successor has to replace.

    Raises:
        VerbRefused: no such segment, or the settings cannot be read.
    """
    prepared = prepare(target, now)
    known = tuple(segment.id for segment in prepared.estate.platform.segments)
    unknown = sorted(set(segments) - set(known))
    if unknown:
        raise VerbRefused(f"no such segment: {', '.join(unknown)}; known are {', '.join(known)}")
    chosen = tuple(segments) or known
    if check:
        with records_to_read(target) as store:
            return _look(target, prepared, store, chosen)
    with open_store(target.records_url, production=target.production) as store:
        found = _look(target, prepared, store, chosen)
        return _write(target, prepared, store, found, reports, program=_stream_program(tape_settings))


def _look(target: Target, prepared: Prepared, store: Store, segments: tuple[str, ...]) -> Handover:
    estate = prepared.estate
    cases = Retirements(store.database, store.chain).cases()
    day = prepared.now.astimezone(ZoneInfo(estate.platform.estate.timezone)).date()
    copies = store.copies.existing()
    recorded = store.copies.jobs([copy.id for copy in copies])
    return Handover(
        as_of=day,
        segments=segments,
        countdowns=countdowns(estate, day, segments),
        systems=readiness(estate, cases, day, segments),
        sealed=sealed_set(
            estate,
            copies,
            store.custody.statuses(),
            Jobs(jobs={number: (job.job, job.manifest_digest) for number, job in recorded.items()}),
            as_of=prepared.now,
            segments=segments,
            kept=kept_until(estate, cases),
        ),
        releases=releases(estate, cases, segments, _approvers(target)),
    )


def _approvers(target: Target) -> Approvers | None:
    try:
        return read_approvers(target.repository)
    except ApprovalError:
        return None  # a repository without people has no logins to give back


def _stream_program(settings: Path | None) -> str:
    """Where the client's program lies by the settings; "" where this controller has none."""
    if settings is None or not settings.is_file():
        return ""
    try:
        return TapeSettings.read(settings).stream_program
    except TapeError as error:
        raise VerbRefused(str(error)) from error


def _write(
    target: Target, prepared: Prepared, store: Store, found: Handover, reports: Path, *, program: str
) -> Handover:
    content = {
        "as_of": found.as_of.isoformat(),
        "segments": list(found.segments),
        "environment": target.environment,
        "commit": prepared.commit,
        **json.loads(json.dumps(asdict(found.sealed))),
    }
    digest = content_hash(content)
    note(store, ", ".join(found.segments), digest, Origin.here(run_id=uuid.uuid4().hex[:12], commit=prepared.commit))
    sheets = readiness_sheets(
        templates(target.repository),
        found.systems,
        found.countdowns,
        estate=_name(prepared.estate),
        as_of=found.as_of,
        digest=digest,
        anchor=str(store.chain.head()),
    )
    files = [
        write_report(reports, "readiness.html", sheets),
        write_report(reports, "readiness.json", _json([asdict(each) for each in found.systems])),
        write_report(reports, "sealed-set.json", document_text(SEALED, content)),
        write_report(reports, "sealed-set.txt", how_to_read(found.sealed, program)),
        write_report(reports, "release-list.csv", _csv(found.releases)),
    ]
    return Handover(
        as_of=found.as_of,
        segments=found.segments,
        countdowns=found.countdowns,
        systems=found.systems,
        sealed=found.sealed,
        releases=found.releases,
        files=tuple(str(file) for file in files),
    )


def _name(estate: Estate) -> str:
    return estate.platform.estate.name


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"


def _csv(found: Sequence[Release]) -> str:
    """With a byte order mark: the divisions' spreadsheet takes UTF-8 for something else without one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["kind", "value", "of", "segment", "done", "free_from"])
    for each in found:
        writer.writerow(
            [each.kind, each.value, each.of, each.segment, "yes" if each.done else "no", each.free_from or ""]
        )
    return f"\ufeff{out.getvalue()}"
