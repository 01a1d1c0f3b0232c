"""In which order the machines of a run go: one situation each, and what holds for every run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.desired import role_order
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.batches import Candidate, batches


def candidate(name: str, *, system: str = "s01", role: str = "ap", **fields: object) -> Candidate:
    values: dict[str, object] = {"cluster": "c1", "wave": 1, "pair": None, **fields}
    return Candidate(key=f"k-{name}", name=name, system=system, tier=role_order(role), **values)  # type: ignore[arg-type]


def names(found: tuple[tuple[Candidate, ...], ...]) -> list[list[str]]:
    return [[each.name for each in batch] for batch in found]


def test_nothing_makes_no_batch() -> None:
    assert batches([], at_once=4) == ()


def test_the_first_machine_is_the_canary_and_the_others_wait_for_it() -> None:
    several = [candidate(f"s{number:02}-ap01", system=f"s{number:02}") for number in range(1, 5)]
    assert names(batches(several, at_once=4)) == [["s01-ap01"], ["s02-ap01", "s03-ap01", "s04-ap01"]]


def test_databases_go_before_applications_before_web() -> None:
    system = [candidate(name, role=name) for name in ("web", "ap", "db")]
    assert names(batches(system, at_once=4, canary=4)) == [["db"], ["ap"], ["web"]]


def test_of_a_pair_one_waits_for_the_other() -> None:
    pair = [candidate("a", pair="x"), candidate("b", pair="x"), candidate("c")]
    assert names(batches(pair, at_once=4, canary=4)) == [["a", "c"], ["b"]]


def test_the_same_name_of_a_pair_in_another_system_is_another_pair() -> None:
    two = [candidate("a", pair="x"), candidate("b", pair="x", system="s02")]
    assert names(batches(two, at_once=4, canary=4)) == [["a", "b"]]


def test_what_a_system_stands_on_goes_first() -> None:
    two = [candidate("a", system="s01"), candidate("b", system="s02")]
    assert names(batches(two, at_once=4, canary=4, needs={"s01": {"s02"}})) == [["b"], ["a"]]


def test_a_cluster_takes_so_many_and_another_one_beside_it() -> None:
    several = [candidate(f"m{number}", system=f"s{number}") for number in range(3)]
    several.append(candidate("m9", system="s9", cluster="c2"))
    assert names(batches(several, at_once=2, canary=9)) == [["m0", "m1", "m9"], ["m2"]]


def test_a_wave_waits_for_the_one_before() -> None:
    two = [candidate("late", wave=2, system="s01"), candidate("early", wave=1, system="s02")]
    assert names(batches(two, at_once=4, canary=4)) == [["early"], ["late"]]


def test_systems_that_need_each_other_still_go() -> None:
    two = [candidate("a", system="s01"), candidate("b", system="s02")]
    found = batches(two, at_once=4, canary=4, needs={"s01": {"s02"}, "s02": {"s01"}})
    assert sorted(name for batch in names(found) for name in batch) == ["a", "b"]


CANDIDATES = st.lists(
    st.tuples(
        st.sampled_from(["s01", "s02", "s03"]),
        st.sampled_from(["db", "ap", "web", "batch"]),
        st.sampled_from(["c1", "c2"]),
        st.integers(0, 2),
        st.sampled_from([None, "x", "y"]),
    ),
    max_size=30,
)


@given(CANDIDATES, st.integers(1, 5), st.integers(1, 3))
def test_every_machine_goes_once_and_no_batch_breaks_a_rule(
    rows: list[tuple[str, str, str, int, str | None]], at_once: int, canary: int
) -> None:
    several = [
        candidate(f"m{number:02}", system=system, role=role, cluster=cluster, wave=wave, pair=pair)
        for number, (system, role, cluster, wave, pair) in enumerate(rows)
    ]
    found = batches(several, at_once=at_once, canary=canary)
    assert sorted(each.name for batch in found for each in batch) == [each.name for each in several]
    where = {each.name: number for number, batch in enumerate(found) for each in batch}
    for one in several:
        for other in several:
            if one.wave < other.wave:
                assert where[one.name] < where[other.name]
            if one.system == other.system and one.wave == other.wave and one.tier < other.tier:
                assert where[one.name] < where[other.name]
            if one is not other and one.pair and (one.system, one.pair) == (other.system, other.pair):
                assert where[one.name] != where[other.name]
    for batch in found:
        for cluster in ("c1", "c2"):
            assert sum(each.cluster == cluster for each in batch) <= at_once
    assert not found or len(found[0]) <= canary
