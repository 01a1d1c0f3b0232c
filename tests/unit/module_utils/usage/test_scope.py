from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Filters, UnusableRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from tests.support.builders import make_machine, make_system
from tests.support.usage_estate import (
    ORGANISATIONS,
    make_observation,
    make_report,
    make_usage_estate,
    make_usage_systems,
)

MYNUMBER = make_system("s03", make_machine("m"), owner="org-21", segment="mynumber", cluster="mynumber")


@pytest.mark.parametrize(
    ("filters", "systems"),
    [
        (Filters(), ["platform-lgwan", "s01", "s02", "s03"]),
        (Filters(system="s01"), ["s01"]),
        (Filters(system="システムs01"), ["s01"]),
        (Filters(system="System s01"), ["s01"]),
        (Filters(owner="org-11"), ["s01"]),  # a section
        (Filters(owner="org-20"), ["s02", "s03"]),  # the division above it
        (Filters(owner="所属org-20"), ["s02", "s03"]),
        (Filters(owner="org-1"), ["s01", "s02", "s03"]),  # the bureau above that
        (Filters(segment="lgwan"), ["platform-lgwan", "s01", "s02"]),
        (Filters(owner="org-20", segment="mynumber"), ["s03"]),
        (Filters(system="s01", segment="mynumber"), []),
    ],
)
def test_what_filters_leave(filters: Filters, systems: list[str]) -> None:
    scope = Scope(make_usage_estate(*make_usage_systems(), MYNUMBER), filters)
    assert [system.id for system in scope.systems] == systems


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (Filters(system="s1"), 'there is no system "s1"; did you mean "s01"?'),
        (Filters(owner="総務省"), 'there is no owner "総務省"; known: org-1, '),
        (Filters(segment="lgwn"), 'there is no segment "lgwn"; did you mean "lgwan"?'),
    ],
)
def test_what_does_not_exist(filters: Filters, message: str) -> None:
    with pytest.raises(UnusableRequest) as caught:
        Scope(make_usage_estate(), filters)
    assert str(caught.value).startswith(message)


def test_clusters_of_a_filter_are_shown_whole() -> None:
    estate = make_usage_estate(*make_usage_systems(), MYNUMBER)
    one = make_report(estate, filters=Filters(system="s01"))
    assert [(each.cluster, each.balances[0].demand) for each in one.clusters] == [("lgwan", 10)]  # of all systems
    of_segment = make_report(estate, filters=Filters(segment="lgwan"))
    assert [each.cluster for each in of_segment.clusters] == ["lgwan", "spare"]


def test_what_belongs_to_nobody_is_not_in_a_division_s_report() -> None:
    estate = make_usage_estate()
    report = make_report(estate, observation=make_observation(estate), filters=Filters(owner="org-10"))
    assert report.unmanaged == ()
    assert report.orphaned_disks == ()
    segment = make_report(estate, observation=make_observation(estate), filters=Filters(segment="lgwan"))
    assert [each.name for each in segment.unmanaged] == ["x"]
    assert segment.orphaned_disks is not None
    assert len(segment.orphaned_disks) == 1


def test_an_owner_without_a_division_above_stands_for_itself() -> None:
    bureau = make_system("s05", make_machine("z"), owner="org-1")
    unknown = make_system("s06", make_machine("y"), owner="org-99")
    report = make_report(make_usage_estate(bureau, unknown))
    assert [(each.division, each.name, each.bureau) for each in report.divisions] == [
        ("org-1", "所属org-1", "org-1"),
        ("org-99", "org-99", None),
    ]


def test_organisations_in_a_ring_come_to_an_end() -> None:
    ring = tuple(replace(unit, parent="org-11") if unit.id == "org-10" else unit for unit in ORGANISATIONS)
    ring = tuple(replace(unit, kind="section") for unit in ring)
    report = make_report(make_usage_estate(organisations=ring), filters=Filters(owner="org-10"))
    assert [each.system for each in report.systems] == ["s01"]


def test_an_empty_estate_gives_an_empty_report() -> None:
    estate = make_usage_estate(make_system("s01"))
    report = make_report(estate, filters=Filters(system="s01", segment="mynumber"))
    assert (report.systems, report.machines, report.divisions, report.clusters) == ((), (), (), ())
    assert report.header.notes[0].code == "estate-empty"
