"""Silences of patch runs: which of them nobody will ever end, and which are still somebody's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.forgotten import (
    Forgotten,
    ended,
    listed,
    open_silences,
    silence_reason,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import Process, describe_process
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import FileSilences
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.patch_sample import make_patch_run
from tests.unit.module_utils.patch_run.test_scope import START

AFTER = START + timedelta(hours=2)
# No process has this number: Linux counts to 2^22.
DEAD = replace(describe_process(), pid=1 << 22)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/records.sqlite3", production=False) as opened:
        yield opened


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Any]:
    return {
        "zones_directory": str(tmp_path / "zones"),
        "targets_directory": str(tmp_path / "targets"),
        "silences_file": str(tmp_path / "silences.json"),
    }


def silenced(services: dict[str, Any], run_id: str, machine: str = "m1", hours: int = 1) -> None:
    """As a run that begins with a machine asks for it."""
    FileSilences(Path(services["silences_file"])).begin(
        machine, start=START, end=START + timedelta(hours=hours), contact="c", reason=silence_reason("CHG-1", run_id)
    )


def begun(store: Store, run_id: str, process: Process) -> Origin:
    """A run in the records that this process, or one that is dead, has begun."""
    origin = Origin.here(run_id=run_id, commit="c")
    run = make_patch_run(START, run_id=run_id, process=process)
    store.patches.start(run, [], origin)
    return origin


def look(
    services: dict[str, Any], store: Store, limit: set[str] | None = None, described: tuple[str, ...] = ("m1", "m2")
) -> tuple[Forgotten, ...]:
    return listed(open_silences(services, limit, described), store, AFTER)


def states(*given: Any, **more: Any) -> list[tuple[str, str]]:
    return [(each.machine, each.state) for each in look(*given, **more)]


def test_of_a_run_that_died_and_was_never_gone_on_with_it_is_due_once_its_time_is_over(
    services: dict[str, Any], store: Store
) -> None:
    begun(store, "dead", DEAD)
    silenced(services, "dead")
    silenced(services, "dead", "m2", hours=3)
    found = look(services, store)
    assert [(each.machine, each.state) for each in found] == [("m1", "due"), ("m2", "waiting")]
    assert "run dead died and nobody has gone on with it" in found[0].why

    done = ended(services, found, AFTER)
    assert [each.state for each in done] == ["ended", "waiting"]
    assert [(each.machine, bool(each.ended)) for each in FileSilences(Path(services["silences_file"])).all()] == [
        ("m1", True),
        ("m2", False),
    ]
    assert states(services, store) == [("m2", "waiting")]  # a second time nothing is due


def test_of_a_run_that_is_at_work_it_is_left_alone_however_late_it_is(services: dict[str, Any], store: Store) -> None:
    begun(store, "alive", describe_process())
    silenced(services, "alive")
    assert states(services, store) == [("m1", "at work")]


def test_of_a_run_that_is_over_or_that_nobody_knows_it_is_due(services: dict[str, Any], store: Store) -> None:
    origin = begun(store, "over", DEAD)
    store.patches.finish("over", [], origin)
    silenced(services, "over")
    silenced(services, "lost", "m2")
    assert states(services, store) == [("m1", "due"), ("m2", "due")]


def test_other_machines_and_the_silences_of_others_are_not_ours(services: dict[str, Any], store: Store) -> None:
    silenced(services, "lost", "m2")
    FileSilences(Path(services["silences_file"])).begin(
        "m1", start=START, end=START + timedelta(hours=1), contact="c", reason="a disk is changed"
    )
    assert states(services, store, limit={"m1"}) == []
    assert states(services, store) == [("m2", "due")]


def test_a_machine_that_has_left_the_estate_is_under_no_limit(services: dict[str, Any], store: Store) -> None:
    silenced(services, "lost", "m2")
    assert states(services, store, limit={"m1"}, described=("m1",)) == [("m2", "due")]


def test_without_monitoring_there_is_nothing() -> None:
    assert open_silences({}, None, ()) == ()
    assert open_silences(None, None, ()) == ()
    assert ended(None, (), AFTER) == ()


def test_a_file_that_is_none_of_silences_is_one_clear_error(services: dict[str, Any]) -> None:
    Path(services["silences_file"]).write_text("[{]", encoding="utf-8")
    with pytest.raises(VerbRefused, match="not a list of silences"):
        open_silences(services, None, ())
