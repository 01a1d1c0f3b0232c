"""What is refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@pytest.mark.parametrize("check", [True, False])
def test_undo_without_names_would_call_off_everything_and_is_refused(tmp_path: Path, check: bool) -> None:
    target = Target(
        environment="lab",
        production=False,
        repository=tmp_path,
        endpoints=(),
        datacenters={},
        records_url="sqlite://",
        cache_directory=None,
        nfs_root=None,
        create_templates=False,
        host_user="",
        host_password="",
        host_thumbprints={},
        require_approval=True,
    )
    request = Request(order="undo", reports=tmp_path, reason="the successor is late", check=check)
    with pytest.raises(VerbRefused, match="name the machines") as refused:
        run_decommission(target, request)
    assert "\n" not in str(refused.value)
