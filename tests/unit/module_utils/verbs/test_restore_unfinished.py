"""What a run does with the restores of runs that died: nothing that is whole is removed or taken for another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import RestoreRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import Destination
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import _may_be_removed
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_place import was_replaced
from ansible_collections.kyotsu.platform.plugins.modules.restore import ARGUMENTS
from tests.support.builders import make_observed_machine

WORKING = "9b9de0f2-1c37-4a8b-9f6e-0d5a1f0c7a11"
REAL = "1f1a3f7e-51f9-5d0b-8a2e-63d5c6a4e001"
RECORD = RestoreRecord(
    id=1,
    purpose="restore",
    machine="s13-db-1",
    system="s13",
    copy_id=1,
    manifest_digest="0" * 64,
    tapes=("LG0001",),
    recalled=False,
    vcenter="vc",
    name="s13-look",
    working_name="restoring-abc-s13-db-1",
    working_uuid=WORKING,
    state="verified",
    run_id="abc",
    started_at=datetime(2026, 11, 24, tzinfo=UTC),
    ended_at=None,
    bytes=1,
    stream_seconds=1.0,
    seconds=None,
    message="",
)
DESTINATION = Destination(
    purpose="restore",
    machine="s13-db-1",
    system="s13",
    name="s13-db01",
    instance_uuid=REAL,
    cluster="c",
    resource_pool="p",
    folder="f",
    datastores=("d",),
    cards=(),
    notes="",
)
ASIDE = make_observed_machine(
    name="s13-db01-replaced-20261124-120000",
    instance_uuid=WORKING,
    notes=f"Replaced by a restore at 2026-11-24T12:00:00+00:00; was {REAL}. Switched off.\nBefore.",
)


@pytest.mark.parametrize(
    ("purpose", "name", "removed"),
    [
        ("restore", RECORD.working_name, True),
        ("restore", RECORD.name, False),
        ("restore", "renamed-by-hand", False),
        ("scratch", RECORD.working_name, True),
        ("drill", "drill-abc-s13-db-1", True),
    ],
)
def test_a_copy_that_has_its_name_is_not_removed(purpose: str, name: str, removed: bool) -> None:
    machine = make_observed_machine(name=name, instance_uuid=WORKING)
    assert _may_be_removed(replace(RECORD, purpose=purpose), machine) is removed


def test_what_was_moved_aside_is_known_by_its_notes() -> None:
    assert was_replaced(ASIDE, DESTINATION)


def test_what_was_moved_aside_for_another_machine_keeps_its_labels() -> None:
    assert not was_replaced(ASIDE, replace(DESTINATION, instance_uuid=WORKING.replace("9", "8")))


def test_a_copy_beside_the_original_takes_the_labels_of_nothing() -> None:
    assert not was_replaced(ASIDE, replace(DESTINATION, instance_uuid=None))


def test_the_restored_machine_itself_keeps_its_labels_whatever_its_notes_say() -> None:
    assert not was_replaced(replace(ASIDE, instance_uuid=REAL), DESTINATION)


def test_a_machine_whose_notes_mention_it_further_down_keeps_its_labels() -> None:
    assert not was_replaced(replace(ASIDE, notes=f"Ours.\n{ASIDE.notes}"), DESTINATION)


def test_no_option_says_that_a_living_machine_is_given_up() -> None:
    assert sorted(ARGUMENTS) == [
        "at",
        "boot_seconds",
        "cluster",
        "name",
        "names",
        "now",
        "paths",
        "port_group",
        "power_on",
        "recall_by",
        "side",
        "source",
        "tape_settings",
        "target",
        "to",
        "unproven",
    ]
