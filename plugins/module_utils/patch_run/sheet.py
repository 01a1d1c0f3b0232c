"""切戻し判断: the page for a machine of which a person has to decide, written beside the evidence of its run."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.decision import DecisionSheet, decision_sheet
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step, now


def write_sheet(step: Step, machine: MachineOutcome, why_not_ja: str) -> str:
    """Write the page and give its file name. It has to be decided while the snapshot may stay."""
    repository = step.target.repository
    # Names of system and owner; few machines ever need this page, so the others do not pay for the reading.
    estate = load_estate(repository, as_of=now().date(), cache_directory=step.target.cache_directory).estate
    zone = ZoneInfo(estate.platform.estate.timezone)
    owners = {each.id: each.name for each in estate.platform.organisations}
    until = machine.snapshot.expires_on if machine.snapshot else None
    sheet = DecisionSheet(
        machine=machine,
        run_id=step.run.run_id,
        round=step.run.round,
        change=step.run.change,
        content=step.run.content,
        environment=step.run.environment,
        system_name=estate.system_by_id[machine.system].name,
        owner_name=owners.get(machine.owner, machine.owner),
        why_not_automatic_ja=why_not_ja,
        decide_by=datetime.combine(until, time(17, 0), tzinfo=zone) if until else None,
        keep_command=f"ansible-playbook playbooks/patch.yml --tags verify-only --limit {machine.name}",
        commit=step.run.commit,
    )
    folder = step.settings.report_directory / step.run.round
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{step.run.run_id}-{machine.name}-decision.html"
    (folder / name).write_text(decision_sheet(repository, sheet, zone), encoding="utf-8")
    return name
