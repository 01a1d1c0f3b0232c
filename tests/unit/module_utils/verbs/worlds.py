"""Worlds that were read, for tests of what follows a reading: the session is a real one that never connects."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredVCenter, ObservedVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint, Session
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target, target_from
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter
from tests.support.builders import make_estate


def live(desired: DesiredVCenter, observed: ObservedVCenter) -> LiveVCenter:
    """A vCenter that was read."""
    endpoint = Endpoint(id=desired.id, hostname="vcenter.invalid", port=443, username="u", password="p", ca_file=None)
    return LiveVCenter(desired=desired, session=Session(endpoint), observed=observed)


def target() -> Target:
    """A lab in which nothing is written."""
    return target_from(
        {"environment": "lab", "production": False, "repository": "/nonexistent", "vcenters": [], "records_url": ""}
    )


def prepared(*desired: DesiredVCenter) -> Prepared:
    """What a verb knows before it reads."""
    return Prepared(estate=make_estate(), desired=desired, commit="c0ffee", now=datetime(2026, 11, 24, tzinfo=UTC))
