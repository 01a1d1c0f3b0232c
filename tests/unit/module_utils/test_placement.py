"""Where a new disk goes."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement


def test_the_emptiest_datastore_is_taken_and_the_next_disk_counts_the_first() -> None:
    placement = Placement({}, {"a": 100.0, "b": 120.0})
    assert [placement.place(30, ["a", "b"]) for _ in range(4)] == ["b", "a", "b", "a"]


def test_the_first_name_wins_among_equals_whatever_the_order_of_asking() -> None:
    for order in (["b", "a", "c"], ["c", "b", "a"]):
        assert Placement({}, {"a": 10.0, "b": 10.0, "c": 10.0}).place(1, order) == "a"


def test_a_disk_that_fits_exactly_is_placed_and_the_next_one_is_not() -> None:
    placement = Placement({}, {"a": 40.0})
    assert placement.place(40, ["a"]) == "a"
    assert placement.place(1, ["a"]) is None


def test_a_disk_that_does_not_fit_takes_no_room() -> None:
    placement = Placement({}, {"a": 40.0})
    assert placement.place(41, ["a"]) is None
    assert placement.place(40, ["a"]) == "a"


def test_no_datastore_at_all_is_no_place() -> None:
    assert Placement({}, {"a": 1.0}).place(1, []) is None


def test_a_datastore_that_nobody_knows_has_no_room() -> None:
    placement = Placement({}, {})
    assert placement.place(1, ["a"]) is None
    assert not placement.grow(1, "a")


def test_a_datastore_that_is_not_there_yet_counts_as_described_and_one_that_is_as_observed() -> None:
    placement = Placement({"new": 50.0, "old": 1000.0}, {"old": 10.0})
    assert placement.place(20, ["new", "old"]) == "new"
    assert placement.place(40, ["new", "old"]) is None


def test_growth_takes_room_from_the_next_disk() -> None:
    placement = Placement({}, {"a": 100.0})
    assert placement.grow(60, "a")
    assert not placement.grow(41, "a")
    assert placement.place(41, ["a"]) is None
    assert placement.place(40, ["a"]) == "a"


def test_what_is_reserved_stays_free() -> None:
    placement = Placement({}, {"a": 100.0, "b": 90.0}, {"a": 30.0})
    assert placement.place(80, ["a", "b"]) == "b"
    assert placement.place(80, ["a", "b"]) is None
    assert not placement.grow(71, "a")
