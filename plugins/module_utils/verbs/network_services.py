"""Names and monitoring at the end of provision: load the estate, bring the files to it, say what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import (
    FileChange,
    NetworkServicesError,
    services_from,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of it."""

    changes: Sequence[FileChange]

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        return {
            "changed": bool(self.changes),
            "changed_paths": [str(change.path) for change in self.changes],
            "diff": [
                {
                    "before_header": str(change.path),
                    "after_header": str(change.path),
                    "before": change.before or "",
                    "after": change.after or "",
                }
                for change in self.changes
            ],
        }


def run_register(
    services: Mapping[str, Any],
    *,
    repository: Path,
    cache_directory: Path | None,
    names: Sequence[str] | None,
    absent: Collection[str],
    now: datetime | None,
    check: bool,
) -> Registered:
    """Register the machines of the inventory names given; see NetworkServices.register.

    Raises:
        InvalidEstate: the data has errors; nothing was touched.
        VerbRefused: a file or folder is not ours, or a server did not take what was written.
    """
    # The day of a serial is the day at the data centre.
    day = today(now)
    estate = load_estate(repository, as_of=day, cache_directory=cache_directory).estate
    try:
        changes = services_from(services).register(estate, _limit(estate, names), today=day, absent=absent, check=check)
    except NetworkServicesError as error:
        raise VerbRefused(str(error)) from error
    return Registered(changes)


def _limit(estate: Estate, names: Sequence[str] | None) -> Sequence[str] | None:
    """None if the names are all that the inventory has: only then entries of others may go."""
    described = {machine.name for system, machine in estate.machines() if status_of(system, machine) != "retired"}
    return None if names is None or described <= set(names) else names
