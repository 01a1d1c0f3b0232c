"""What every verb needs before it looks at a vCenter: the validated estate and what it asks for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.commit import describe_commit
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The estate at a moment, and from which commit it is."""

    estate: Estate
    desired: tuple[DesiredVCenter, ...]
    commit: str
    now: datetime  # aware
    warnings: tuple[Finding, ...] = ()  # of the rules; errors would have ended the run


def prepare(target: Target, now: datetime | None, *, writes: bool = False) -> Prepared:
    """Load and validate the estate.

    Raises:
        InvalidEstate: the data has errors; nothing was touched.
        VerbRefused: a run that writes in production was given another time than the present.
    """
    if writes and target.production and now is not None:
        # Windows, freezes and approvals would all be judged at a time that somebody chose.
        raise VerbRefused("now: in production a run that writes goes by the clock; leave it out, or use --check")
    moment = now or datetime.now(UTC)
    loaded = load_estate(target.repository, as_of=today(moment), cache_directory=target.cache_directory)
    return Prepared(
        estate=loaded.estate,
        desired=desired_state(loaded.estate, target.datacenters),
        commit=describe_commit(target.repository, loaded.fingerprint),
        now=moment,
        warnings=loaded.findings,
    )


def scope_of(prepared: Prepared, names: Sequence[str] | None) -> Collection[str] | None:
    """The names that limit a verb, or None when they are all that the inventory has.

    Ansible passes the hosts that `--limit` left. Without a limit these are all machines, and only then unmanaged things
    and the foundation are looked at.

    Raises:
        VerbRefused: a name is neither a machine nor a desktop pool of the estate (an inventory of another commit).
    """
    if names is None:
        return None
    known = {machine.name for _, machine in prepared.estate.machines()}
    pools = {pool.name for _, pool in prepared.estate.desktop_pools()}
    unknown = sorted(set(names) - known - pools)
    if unknown:
        raise VerbRefused(f"not in systems/: {', '.join(unknown)}; run with the inventory of the same commit")
    described = {machine.name for each in prepared.desired for machine in each.machines if machine.status != "retired"}
    return None if described <= set(names) else frozenset(names)
