"""What an environment says of its patch runs: C(kyotsu_patch) of the inventory, and what a person gives on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where evidence goes, who is told, and how careful a run is."""

    report_directory: Path
    contact: str  # who asks the monitoring contractor for silence (監視抑止依頼)
    silence_minutes: int  # how long one batch may take at most; a silence ends with its batch
    tracker_file: Path | None  # Debian's security tracker, carried in; None: no CVE is told
    release: str  # Debian's name of the release of the guests
    require_content: bool  # whether a round must say what each mirror serves; if not, content is not proven
    require_backup: bool  # whether a copy on tape has to be recent enough
    at_once: int | None  # machines of a cluster in one batch; None: as the patch cycle says
    canary: int  # machines of the first batch
    budget: Budget


def settings_from(arguments: Mapping[str, Any]) -> Settings:
    """Make them of the module argument C(patch); Ansible has checked types and required keys."""
    tracker, budget = arguments.get("tracker_file"), arguments["budget"]
    return Settings(
        report_directory=Path(arguments["report_directory"]),
        contact=arguments["contact"],
        silence_minutes=int(arguments["silence_minutes"]),
        tracker_file=Path(tracker) if tracker else None,
        release=arguments["release"],
        require_content=bool(arguments["require_content"]),
        require_backup=bool(arguments["require_backup"]),
        at_once=arguments.get("at_once"),
        canary=int(arguments["canary"]),
        budget=Budget(
            failed=int(budget["failed"]),
            unreachable=int(budget["unreachable"]),
            rolled_back=int(budget["rolled_back"]),
        ),
    )
