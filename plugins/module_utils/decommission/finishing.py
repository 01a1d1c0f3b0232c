"""The steps after the deletion: what the machine held is released, and the completion record is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate, left_out
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.completion import completion_content
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.files import write_report
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.leaving import Failed, reason_of
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.system_file import mark_retired
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine
from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import (
    NetworkServicesError,
    services_from,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.retirement import completion_sheet, templates
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import (
    COMPLETION,
    content_hash,
    document_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.delete_machine import remove_empty_folder
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of


def release(desk: Desk, group: Sequence[Candidate]) -> Iterator[Failed]:
    """Take names, monitoring, silences and the folder away; addresses and names wait for their cool-off."""
    try:
        services = _end_services(desk, group)
    except NetworkServicesError as error:
        for each in group:
            yield each, str(error)
        return
    folders, failed = _end_folders(desk, group)
    for each in group:
        place = (each.vcenter, each.desired.folder)
        if place in failed:
            yield each, failed[place]
            continue
        deleted = desk.case(each.key).at("delete")
        since = deleted.date() if deleted else desk.today
        reusable = since + timedelta(days=desk.estate.platform.limits.cool_off_days)
        released = {
            "name": each.name,
            "addresses": [nic.address for nic in each.machine.nics],
            "files": services,
            "tags": dict(each.desired.tags),  # they went with the machine
            "folder": each.desired.folder if place in folders else "stays",
            "resource_pool": f"{each.desired.resource_pool} (shared, stays)",
            "package_mirror": "no entry of a machine (content is released to waves)",
            "flows_to_close": _flows(desk, each),
        }
        text = json.dumps(released, ensure_ascii=False, sort_keys=True)
        desk.done(each.key, "release", {"released": text, "reusable_from": reusable.isoformat()})


def _end_services(desk: Desk, group: Sequence[Candidate]) -> list[str]:
    """Names of the files that changed, or a word where this inventory keeps none."""
    if not desk.services:
        return ["none kept here"]
    services = services_from(desk.services)
    for each in group:
        services.end_silence([each.name], desk.now, reason=reason_of(each))
    changes = services.remove([each.name for each in group], today=desk.today)
    return sorted(f"{change.path.parent.name}/{change.path.name}" for change in changes) or ["no entry left"]


def _end_folders(desk: Desk, group: Sequence[Candidate]) -> tuple[set[tuple[str, str]], dict[tuple[str, str], str]]:
    """Folders (vCenter, path) of systems of which nothing is left: those that are gone, and those that would not go."""
    gone: set[tuple[str, str]] = set()
    failed: dict[tuple[str, str], str] = {}
    over = {
        (each.vcenter, each.desired.folder)
        for each in group
        if all(desk.case(machine.key).is_deleted for machine in _existing(each))
    }
    with desk.worlds.changing() as worlds:
        for vcenter, path in sorted(over):
            try:
                if remove_empty_folder(worlds[vcenter], path):
                    gone.add((vcenter, path))
            except VCenterError as error:
                failed[vcenter, path] = message_of(error)
    return gone, failed


def _existing(candidate: Candidate) -> list[Machine]:
    """Machines of its system that were ever made."""
    return [each for each in candidate.system.machines if status_of(candidate.system, each) != "planned"]


def _flows(desk: Desk, candidate: Candidate) -> list[str]:
    """Registered communications that name the machine: people close them at the firewalls, and rule A-08 reminds."""
    return [flow.id for flow in desk.estate.platform.flows if candidate.key in {flow.source, flow.destination}]


def complete(desk: Desk, group: Sequence[Candidate]) -> Iterator[Failed]:
    """One record per system, or per machine that retires alone; then its file says retired."""
    for unit in sorted({each.unit for each in group}):
        machines = [each for each in group if each.unit == unit]
        waiting = _not_released(desk, machines[0])
        if waiting:
            for each in machines:
                yield each, f"its system is not finished: {', '.join(waiting)}"
            continue
        missing = left_out(desk.cases, machines, "complete")
        if missing:
            for each in machines:
                yield each, f"one record is about the whole system: run it for {', '.join(missing)} too"
            continue
        content = completion_content(desk, machines)
        digest = content_hash(content)
        folder = desk.reports / unit
        write_report(folder, "completion-record.json", document_text(COMPLETION, content))
        page = completion_sheet(templates(desk.target.repository), content, digest)
        write_report(folder, "completion-record.html", page)
        desk.done_together([each.key for each in machines], "complete", {"record_hash": digest})
        close_file(desk, machines)


def close_file(desk: Desk, machines: Sequence[Candidate]) -> bool:
    """Let the description say what is so; whether it had to be changed."""
    first = machines[0]
    days = [desk.case(each.key).done["release"].evidence["reusable_from"] for each in machines]
    return mark_retired(
        desk.target.repository,
        first.system,
        None if first.whole else first.machine,
        reusable_from=max(days),
    )


def _not_released(desk: Desk, candidate: Candidate) -> list[str]:
    """Machines that the same record is about and that are not released yet."""
    if not candidate.whole:
        return []
    return [
        machine.name
        for machine in candidate.system.machines
        if machine.status is None and "release" not in desk.case(machine.key).done
    ]
