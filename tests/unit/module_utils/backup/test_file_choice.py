"""Which sources of files are copied, and the reason of each that is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.file_choice import (
    SourceChoice,
    choose_sources,
    require_known,
    sources_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import QUARANTINE_ATTRIBUTE
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, goes_offsite
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import FileSource
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.backups import KEYS, make_backup_estate, seen
from tests.support.builders import VCENTER, make_machine
from tests.support.tapes import ONSITE

AGENTS = ("files-shares-fd",)


def make_source(**fields: Any) -> FileSource:
    values: dict[str, Any] = {
        "id": "shares",
        "name": Text(ja="共有", en="Shares"),
        "system": "s01",
        "machine": "name-s01-db-1",
        "host": None,
        "paths": ("/srv/shares",),
        "excludes": (),
        "backup_class": "tape-daily",
        "basis": "assumed",
        **fields,
    }
    return FileSource(**values)


def estate_of(*sources: FileSource, **fields: Any) -> Estate:
    platform = fields.pop("platform", {})
    return make_backup_estate(platform={"file_sources": sources, **platform}, **fields)


def chosen(estate: Estate, **arguments: Any) -> SourceChoice:
    machines = {each.instance_uuid: each for each in seen(estate)[VCENTER]}
    values = {"keys": KEYS, "agents": AGENTS, "machines": machines, "everything": True, **arguments}
    return choose_sources(estate, sources_of(estate, None), **values)


def test_files_go_to_the_pool_of_their_system_under_the_key_of_its_segment() -> None:
    (item,) = chosen(estate_of(make_source())).items
    assert (item.source.key, item.where, item.pool, item.key.key_id, item.compression) == (
        "files-shares",
        "name-s01-db-1",
        ONSITE,
        "lgwan-g1",
        "LZO",
    )


def test_a_source_without_agent_or_key_or_pool_is_refused_with_what_to_do() -> None:
    estate = estate_of(make_source())
    (refused,) = chosen(estate, agents=()).refused
    assert "no agent files-shares-fd: see docs/production.md" in refused.reason.en
    (refused,) = chosen(estate, keys={}).refused
    assert "scripts/tape_keys.py create lgwan" in refused.reason.en
    (refused,) = chosen(estate_of(make_source(), platform={"media_pools": ()})).refused
    assert "lgwan" in refused.reason.en


def test_a_source_whose_machine_was_never_made_is_refused() -> None:
    (refused,) = chosen(estate_of(make_source()), machines={}).refused
    assert refused.reason.en == "name-s01-db-1 is not in its vCenter: run playbooks/provision.yml, or restore it"
    # Nothing is known of what stands beside the platform.
    beside = estate_of(make_source(machine=None, host="router-1"))
    assert [each.where for each in chosen(beside, machines={}).items] == ["router-1"]


def test_a_machine_in_quarantine_is_left_out_of_all_and_refused_by_name() -> None:
    estate = estate_of(make_source())
    marked = {QUARANTINE_ATTRIBUTE: "2026-12-01"}
    machines = {each.instance_uuid: replace(each, attributes=marked) for each in seen(estate)[VCENTER]}
    everything = chosen(estate, machines=machines)
    assert (everything.items, everything.refused) == ((), ())
    (refused,) = chosen(estate, machines=machines, everything=False).refused
    assert "in quarantine" in refused.reason.en


def test_files_follow_their_machine_and_a_host_beside_the_platform_follows_nobody() -> None:
    beside = make_source(id="router", machine=None, host="router-1")
    estate = estate_of(make_source(), beside)
    assert [each.id for each in sources_of(estate, None)] == ["shares", "router"]
    assert [each.id for each in sources_of(estate, {"name-s01-db-1"})] == ["shares"]
    assert sources_of(estate, {"another"}) == ()
    assert [each.id for each in sources_of(estate, {"another"}, ["router"])] == ["router"]


@pytest.mark.parametrize("status", ["planned", "retired"])
def test_files_of_a_machine_that_is_to_come_or_gone_are_left_out(status: str) -> None:
    estate = estate_of(make_source(), machines=(make_machine("s01-db-1", status=status),))
    assert sources_of(estate, None) == ()


def test_a_class_that_writes_no_tape_leaves_them_out() -> None:
    choice = chosen(estate_of(make_source(backup_class="disk-daily")))
    assert (choice.items, choice.refused) == ((), ())


def test_an_id_that_nobody_described_is_told_with_those_that_are() -> None:
    with pytest.raises(VerbRefused, match="has no sharez; it has shares"):
        require_known(estate_of(make_source()), ["sharez"])


def test_only_a_class_with_a_vault_sends_files_off_site() -> None:
    assert not goes_offsite(estate_of(make_source()), make_source())
