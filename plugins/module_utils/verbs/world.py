"""Connect to every vCenter of a target and read it, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredVCenter, ObservedVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint, Session, connect
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.unfinished import wait_for_unfinished
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@dataclass(frozen=True, slots=True)
class LiveVCenter:
    """An open session and what was read through it."""

    desired: DesiredVCenter
    session: Session
    observed: ObservedVCenter


@contextmanager
def live_vcenters(
    target: Target, desired: tuple[DesiredVCenter, ...], *, settled: bool = False
) -> Iterator[list[LiveVCenter]]:
    """Sessions to all vCenters of the estate, each read once; all are closed at the end.

    `settled`: read only when the tasks that an earlier run left behind have ended; for verbs that write.

    Raises:
        VCenterError: one of them does not answer, refuses the login or the certificate; the others are closed.
    """
    endpoints = {endpoint.id: endpoint for endpoint in target.endpoints}
    missing = [each.id for each in desired if each.id not in endpoints]
    if missing:
        raise VerbRefused(
            f"the inventory of {target.environment} names no endpoint for {', '.join(missing)}: add it to "
            "kyotsu_target.vcenters in inventory/<environment>/group_vars/all/"
        )
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=max(1, len(desired))) as pool:
        futures = [pool.submit(_open, target, each, endpoints[each.id], settled) for each in desired]
        errors: list[BaseException] = []
        live: list[LiveVCenter] = []
        for future in futures:
            error = future.exception()
            if error is not None:
                errors.append(error)
            else:
                opened = future.result()
                stack.callback(opened.session.close)
                live.append(opened)
        if errors:
            raise errors[0]
        yield live


def _open(target: Target, desired: DesiredVCenter, endpoint: Endpoint, settled: bool) -> LiveVCenter:
    session = connect(endpoint)
    try:
        if settled:
            wait_for_unfinished(session, Progress().say)
        observed = read_vcenter(session, desired.datacenter, cache_directory=target.cache_directory)
    except BaseException:
        session.close()
        raise
    return LiveVCenter(desired=desired, session=session, observed=observed)


def calls(live: list[LiveVCenter]) -> Mapping[str, int]:
    """Requests made so far per vCenter."""
    return {each.desired.id: each.session.calls for each in live}
