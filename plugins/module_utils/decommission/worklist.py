"""The operators' worklist: every medium that carried a machine, what is done with it, until it is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.files import write_report
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.report import Report
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.retirement import templates, worklist_sheets
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.assets import (
    Asset,
    ListUnreadable,
    read_assets,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import Treatment, treatments
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.placements import on_disks, on_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


def list_media(desk: Desk, group: Sequence[Candidate], assets: Path | None, *, witness: str) -> Report:
    """Write the worklist of every medium that carried one of these machines, as paper and as JSON.

    A medium stays on it until it is treated: a disk by a certificate of erasure, a tape by its destruction.
    """
    known = asset_list(assets)
    every = (*disks_of(desk, group, known), *_tapes(desk, group))
    treated = _treated(desk)
    work = tuple(each for each in every if each.serial not in treated)
    report = Report()
    if len(work) < len(every):
        report.notes.append(f"treated already: {', '.join(each.serial for each in every if each.serial in treated)}")
    report.results += [
        Result(
            vcenter="",
            kind="medium",
            object=each.serial,
            label=each.serial,
            status="held",  # until its treatment is certified
            message=f"{each.method}: {each.reason.en}",
            message_ja=f"{'物理破壊' if each.method == 'destroy' else '消去'}: {each.reason.ja}",
        )
        for each in work
    ]
    if not desk.check:
        sheets = worklist_sheets(
            templates(desk.target.repository),
            work,
            title="、".join(sorted({each.system.id for each in group})),
            witness=witness,
            printed_on=desk.today,
            anchor=str(desk.store.chain.head()),
        )
        page = write_report(desk.reports, "media-worklist.html", sheets)
        rows = [asdict(each) for each in work]
        write_report(desk.reports, "media-worklist.json", json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        report.notes.append(f"worklist of {len(work)} media: {page}")
    else:
        report.notes.append(f"worklist of {len(work)} media")
    missing = sorted({tape.serial for tape in _tapes(desk, group)} - {each.serial for each in known})
    if missing:
        report.notes.append(f"not on the asset list: {', '.join(missing)}")
    return report


def _treated(desk: Desk) -> set[str]:
    """Serials of disks that a certificate names, and barcodes of tapes that were destroyed; one that is lost is not."""
    certified = {
        serial
        for case in desk.cases.values()
        if "certify" in case.done
        for serial in case.done["certify"].evidence["serials"].split(", ")
    }
    destroyed = {tape for tape, status in desk.store.custody.statuses().items() if status.fate == "destroyed"}
    return certified | destroyed


def disks_of(desk: Desk, group: Sequence[Candidate], assets: Sequence[Asset]) -> tuple[Treatment, ...]:
    """Disks of the equipment on which these machines lay, decided by everything that ever lay on them."""
    equipment = {desk.estate.cluster_by_name[each.system.cluster].equipment for each in group}
    mine = [each for each in assets if each.equipment in equipment]
    order = desk.estate.platform.classification.confidentiality
    return treatments(on_disks(desk.estate, mine), order)


def _tapes(desk: Desk, group: Sequence[Candidate]) -> tuple[Treatment, ...]:
    """Tapes that carry a copy of one of these machines, decided by all copies that were ever on them."""
    tapes = {tape for each in group for copy in desk.store.copies.of_machine(each.key) for tape in copy.tapes}
    every = [
        copy
        for _, machine in desk.estate.machines()
        for copy in desk.store.copies.of_machine(machine.key)
        if tapes & set(copy.tapes)
    ]
    order = desk.estate.platform.classification.confidentiality
    return tuple(each for each in treatments(on_tapes(desk.estate, every), order) if each.serial in tapes)


def asset_list(path: Path | None) -> tuple[Asset, ...]:
    """資産台帳 as it was given. Raises VerbRefused where there is none or it cannot be read."""
    if path is None:
        raise VerbRefused("no asset list: give the CSV of 資産台帳 with -e assets=FILE")
    try:
        return read_assets(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise VerbRefused(f"asset list {path}: {error}") from error
    except ListUnreadable as error:
        raise VerbRefused(str(error)) from error
