"""What becomes of a run: what counts, what is compared, and that its JSON gives it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    GuestFacts,
    MachineOutcome,
    OutcomeError,
    PackageChange,
    Result,
    RunOutcome,
    SnapshotTaken,
    ordered,
    read_run,
    write_run,
)

AT = datetime(2026, 11, 24, 1, 2, tzinfo=UTC)
BEFORE = GuestFacts(packages={"a": "1", "b": "1"}, sources={"a": "1"}, kernel="6.1", services=("ssh",))
AFTER = replace(BEFORE, packages={"a": "2", "c": "1"})
MACHINE = MachineOutcome(
    key="s01-ap-1",
    name="s01-ap01",
    system="s01",
    owner="org-1",
    role="ap",
    segment="lgwan",
    wave="wave-1",
    batch=1,
    result=Result.PATCHED,
    started_at=AT,
    before=BEFORE,
    after=AFTER,
    cves_before=("CVE-1", "CVE-2"),
    cves_after=("CVE-2",),
    snapshot=SnapshotTaken(reference="snapshot-1", name="x", expires_on=date(2026, 11, 27)),
)
RUN = RunOutcome(
    run_id="r",
    round="2026-11",
    change="CHG-1",
    content="patch-2026-11",
    environment="lab",
    actor="a",
    commit="c",
    started_at=AT,
    finished_at=AT,
    machines=(MACHINE,),
)


def test_changes_are_what_differs_by_name() -> None:
    assert MACHINE.changes == (
        PackageChange(package="a", before="1", after="2"),
        PackageChange(package="b", before="1", after=""),
        PackageChange(package="c", before="", after="1"),
    )
    assert replace(MACHINE, after=None).changes == ()


def test_vulnerabilities_that_nobody_looked_for_are_not_closed() -> None:
    assert (MACHINE.cves_closed, MACHINE.cves_remaining) == (("CVE-1",), ("CVE-2",))
    unseen = replace(MACHINE, cves_after=None)
    assert (unseen.cves_closed, unseen.cves_remaining) == ((), ("CVE-1", "CVE-2"))


@pytest.mark.parametrize("result", Result)
def test_a_run_is_good_unless_something_counts_against_it(result: Result) -> None:
    run = replace(RUN, machines=(replace(MACHINE, result=result),))
    assert run.is_good == (result in (Result.PATCHED, Result.UNCHANGED, Result.SKIPPED))
    assert not replace(RUN, stopped="budget").is_good


def test_the_json_gives_the_run_back() -> None:
    assert read_run(write_run(RUN)) == RUN


@pytest.mark.parametrize("text", ["", "{}", "[1]", write_run(RUN).replace('"patched"', '"fine"')])
def test_what_is_no_outcome_is_refused(text: str) -> None:
    with pytest.raises(OutcomeError, match="not the outcome of a patch run"):
        read_run(text)


def test_a_later_format_is_refused() -> None:
    with pytest.raises(OutcomeError, match="format 2; this version reads 1"):
        read_run(write_run(replace(RUN, format=2)))


def test_machines_of_no_batch_come_last() -> None:
    none, second = replace(MACHINE, name="a", batch=0), replace(MACHINE, name="b", batch=2)
    assert ordered([none, second, MACHINE]) == (MACHINE, second, none)
