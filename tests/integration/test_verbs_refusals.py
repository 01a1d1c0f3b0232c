"""Bad data and full datastores: refused before anything is touched, with what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.estate_lab import INSIDE_WINDOW, EstateLab, statuses
from tests.support.small_estate import S02, S13


def broken_yaml(lab: EstateLab) -> None:
    lab.edit(S13, "kind: hosted", "kind: [hosted")


def duplicate_key(lab: EstateLab) -> None:
    lab.edit(S13, "kind: hosted", "kind: hosted\nkind: hosted")


def duplicate_address(lab: EstateLab) -> None:
    lab.edit(S02, "198.19.0.65", "198.19.0.64")


def shift_jis(lab: EstateLab) -> None:
    file = lab.repository / S13
    file.write_bytes(file.read_text(encoding="utf-8").encode("cp932"))


def anchor_bomb(lab: EstateLab) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, last in zip("bcdefghij", "abcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]\n"
    (lab.repository / S13).write_text(bomb, encoding="utf-8")


def empty_file(lab: EstateLab) -> None:
    (lab.repository / S13).write_bytes(b"")


BAD = [broken_yaml, duplicate_key, duplicate_address, shift_jis, anchor_bomb, empty_file]


def test_bad_data_reaches_no_vcenter(empty: EstateLab) -> None:
    good = {file: (empty.repository / file).read_bytes() for file in (S02, S13)}
    empty.reset_counters()
    for breaks in BAD:
        breaks(empty)
        for verb in (empty.provision, empty.foundation, empty.plan):
            with pytest.raises(InvalidEstate):
                verb()
        for file, content in good.items():
            (empty.repository / file).write_bytes(content)
    assert empty.calls() == {"vc-kyotsu": 0, "vc-mynumber": 0}
    assert "there are no records yet" in empty.records("list").output


@pytest.mark.parametrize("breaks", [broken_yaml, shift_jis], ids=["broken YAML", "Shift_JIS"])
def test_a_user_is_told_file_and_line_and_nothing_is_called(
    empty: EstateLab, breaks: Callable[[EstateLab], None]
) -> None:
    breaks(empty)
    empty.reset_counters()
    run = empty.playbook("provision")
    assert run.code != 0
    assert f"{S13}:" in run.output
    assert "Traceback" not in run.output
    assert empty.calls() == {"vc-kyotsu": 0, "vc-mynumber": 0}


def shrink_datastore(lab: EstateLab, capacity_gb: int) -> None:
    """The lab's array is smaller than the description says."""
    control = lab.control("vc-mynumber")
    control.set_world({"hosts": {}, "datastores": {"mynumber-fast-01": {"capacity_gb": capacity_gb}}})


def test_a_tier_without_room_refuses_what_does_not_fit_and_makes_the_rest(empty: EstateLab) -> None:
    empty.foundation()
    shrink_datastore(empty, 150)
    run = empty.playbook("provision")
    assert run.code != 0
    text = " ".join(run.output.split())
    assert "disk data: no datastore of tier fast has 200 GiB free" in text
    assert "(mynumber-fast-01)" in text
    assert "Traceback" not in run.output
    assert empty.differences() == ["missing: s02-db01"]


def test_a_disk_that_cannot_grow_for_want_of_room_is_refused(few: EstateLab) -> None:
    shrink_datastore(few, 320)
    few.edit(S02, "size_gb: 200", "size_gb: 500")
    few.reset_counters()
    status, message = statuses(few.provision(now=INSIDE_WINDOW))["s02-db01"]
    assert status == "refused"
    assert "300 GiB free" in message
    assert "it lies on mynumber-fast-01" in message
    assert few.writing_calls() == 0


def test_names_of_another_commit_are_refused(few: EstateLab) -> None:
    few.edit(S13, "name: s13-db01", "name: s13-database01")
    with pytest.raises(VerbRefused, match="not in systems/: s13-db01"):
        few.provision("s13-db01")
