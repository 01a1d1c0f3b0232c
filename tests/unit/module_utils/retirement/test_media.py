"""What happens to disks and tapes at their end, and whether the certificate says so."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import (
    Placement,
    Returned,
    Treatment,
    reconcile,
    treatments,
)

ORDER = ("3A", "3B", "3C", "2", "1")
DAY = date(2024, 4, 1)


def placed(serial: str = "D1", system: str = "s10", segment: str = "lgwan", confidentiality: str = "2") -> Placement:
    return Placement(serial=serial, system=system, segment=segment, confidentiality=confidentiality, since=DAY)


def only(*placements: Placement) -> Treatment:
    (found,) = treatments(placements, ORDER)
    return found


def test_a_disk_follows_the_highest_class_that_ever_lay_on_it() -> None:
    found = only(placed(), placed(system="s05", confidentiality="3A"), placed(system="s11", confidentiality="1"))
    assert (found.method, found.because, found.confidentiality) == ("destroy", "s05", "3A")


def test_individual_number_data_destroys_whatever_its_class() -> None:
    found = only(placed(confidentiality="1", segment="mynumber", system="s02"), placed(system="s10"))
    assert (found.method, found.because) == ("destroy", "s02")
    assert "個人番号利用事務系" in found.reason.ja


def test_what_is_below_may_be_purged() -> None:
    assert only(placed(confidentiality="3B")).method == "purge"


def test_a_class_that_the_table_does_not_know_counts_as_the_highest() -> None:
    assert only(placed(confidentiality="X"), placed(confidentiality="2")).method == "destroy"


def test_media_are_decided_one_by_one() -> None:
    found = treatments([placed("D2", confidentiality="3A"), placed("D1")], ORDER)
    assert [(each.serial, each.method) for each in found] == [("D1", "purge"), ("D2", "destroy")]


placements = st.builds(
    placed, st.sampled_from(["D1", "D2"]), st.sampled_from(["s01", "s02"]),
    st.sampled_from(["lgwan", "mynumber"]), st.sampled_from(ORDER),
)  # fmt: skip


@given(st.lists(placements, min_size=1, max_size=8), placements)
def test_more_data_never_makes_the_treatment_milder(before: list[Placement], more: Placement) -> None:
    rank = {"purge": 0, "destroy": 1}
    old = {each.serial: rank[each.method] for each in treatments(before, ORDER)}
    new = {each.serial: rank[each.method] for each in treatments([*before, more], ORDER)}
    assert all(new[serial] >= old[serial] for serial in old)


WORK = treatments([placed("D1", confidentiality="3A"), placed("D2")], ORDER)


def returned(*pairs: tuple[str, str]) -> list[Returned]:
    return [Returned(serial=serial, treatment=treatment, performed_on=DAY) for serial, treatment in pairs]


def test_a_certificate_over_all_media_is_complete() -> None:
    assert reconcile(WORK, returned(("D1", "destroyed"), ("D2", "purged")), ["D1", "D2", "D3"]).is_complete


def test_a_disk_that_must_be_destroyed_is_not_done_by_purging() -> None:
    assert not reconcile(WORK, returned(("D1", "purged"), ("D2", "purged")), ["D1", "D2"]).is_complete


def test_a_missing_disk_stays_open() -> None:
    found = reconcile(WORK, returned(("D1", "destroyed")), ["D1", "D2"])
    assert [each.treatment for each in found.media] == ["destroyed", None]
    assert not found.is_complete


def test_a_serial_that_is_on_no_asset_list_fails_the_certificate() -> None:
    found = reconcile(WORK, returned(("D1", "destroyed"), ("D2", "purged"), ("d2", "purged")), ["D1", "D2"])
    assert found.unknown == ("d2",)
    assert not found.is_complete


def test_a_disk_that_nobody_gave_away_is_told() -> None:
    found = reconcile(WORK, returned(("D1", "destroyed"), ("D2", "purged"), ("D3", "purged")), ["D1", "D2", "D3"])
    assert (found.unexpected, found.is_complete) == (("D3",), False)


def test_a_serial_named_twice_is_told() -> None:
    found = reconcile(WORK, returned(("D1", "destroyed"), ("D1", "destroyed"), ("D2", "purged")), ["D1", "D2"])
    assert (found.twice, found.is_complete) == (("D1",), False)
