"""切戻し判断票: one page for a machine that is not healthy after a patch and that only a person may bring back.

A machine with data is never reverted by itself: what was written since its snapshot would be lost. The page says what
was seen, what either way costs and how it is carried out, and takes the name of the person who decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.papers.pages import japanese_date, render
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome

# What one page has room for; the run's JSON has all of them.
_PACKAGES = 12
_NAMES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSheet:
    """Everything that the page says beside what the machine's outcome holds. Commands are carried out by a person."""

    machine: MachineOutcome
    run_id: str
    round: str  # YYYY-MM
    change: str
    content: str
    environment: str
    system_name: str
    owner_name: str
    why_not_automatic_ja: str
    decide_by: datetime | None
    last_backup: datetime | None = None
    revert_command: str = ""
    keep_command: str = ""
    commit: str = ""

    @property
    def number(self) -> str:
        """Number of the sheet, which Code 39 can write."""
        return f"RB-{self.round.replace('-', '')}-{self.machine.key.upper()}"

    @property
    def stopped_services(self) -> tuple[str, ...]:
        """Services that ran before the patch and do not run any more; none where nobody could look."""
        before, after = self.machine.before, self.machine.after
        if before is None or after is None:
            return ()
        return tuple(sorted(set(before.services) - set(after.services)))


def decision_sheet(repository: Path, sheet: DecisionSheet, zone: ZoneInfo) -> str:
    """The page as HTML. It has the style of the vault's papers, which lies in their folder."""

    def moment(at: datetime | None) -> str:
        if at is None:
            return "記録なし"
        local = at.astimezone(zone)
        return f"{japanese_date(local.date())} {local:%H:%M}"

    folders = (repository / "roles/patch/templates", repository / "roles/vault/templates")
    return render(
        folders,
        "decision_sheet.html.j2",
        sheet=sheet,
        machine=sheet.machine,
        moment=moment,
        most_packages=_PACKAGES,
        most_names=_NAMES,
    )
