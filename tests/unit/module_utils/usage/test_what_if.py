from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Flavour
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import (
    EVERYTHING,
    Filters,
    UnusableRequest,
    WhatIfRequest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import WhatIf
from tests.support.builders import make_machine, make_system
from tests.support.usage_estate import KYOTSU, make_observation, make_report, make_usage_estate


def ask(observed: bool = False, filters: Filters = EVERYTHING, **request: Any) -> WhatIf:
    estate = make_usage_estate()
    report = make_report(
        estate,
        observation=make_observation(estate) if observed else None,
        filters=filters,
        request=WhatIfRequest(**{"count": 4, "flavour": "m8", "where": "lgwan", **request}),
    )
    assert report.what_if is not None
    return report.what_if


def test_four_of_m8_fit() -> None:
    """Free: 64 - 10 = 54 vCPU, 256 - 40 = 216 GiB, standard 700 - 300 = 400 GiB; asked: 8, 32 and 4 x 40 = 160."""
    answer = ask()
    (place,) = answer.places
    assert (place.answer, place.fits, place.cluster, place.basis) == ("fits", True, "lgwan", "described")
    assert [(each.resource, each.needed, each.free, each.over) for each in place.limits] == [
        ("cpu", 8, 54, 0),
        ("memory", 32, 216, 0),
        ("storage", 160, 400, 0),
    ]
    assert place.most_machines == 10  # 54/2 = 27, 216/8 = 27, 400/40 = 10
    assert place.limits[0].percent_after == pytest.approx(100 * 18 / 64)


def test_storage_tips_first() -> None:
    (place,) = ask(count=11).places
    assert not place.fits
    assert [(each.resource, each.place, each.over) for each in place.tipping] == [("storage", "lgwan/standard", 40)]


def test_everything_tips() -> None:
    (place,) = ask(count=28).places
    assert [(each.resource, each.over) for each in place.tipping] == [
        ("cpu", 2),
        ("memory", 8),
        ("storage", 720),
    ]


def test_another_disk_on_another_tier() -> None:
    (place,) = ask(storage_gib_each=500, tier="fast", count=2).places
    assert [(each.place, each.needed, each.free) for each in place.limits if each.resource == "storage"] == [
        ("lgwan/fast", 1000, 1280)
    ]
    assert place.fits


def test_a_machine_without_a_disk_asks_nothing_of_storage() -> None:
    (place,) = ask(storage_gib_each=0).places
    assert (place.fits, place.most_machines) == (True, 27)


def test_by_what_vcenter_has() -> None:
    """In vCenter 12 vCPU and 36 GiB are allocated: 52 and 220 are free."""
    (place,) = ask(observed=True, basis="actual").places
    assert (place.basis, [each.free for each in place.limits][:2]) == ("actual", [52, 220])


def test_what_vcenter_has_is_not_known() -> None:
    assert [each.basis for each in ask(basis="actual").places] == ["described"]
    assert [each.basis for each in ask(observed=True, basis="actual", where="mynumber").places] == ["described"]


def test_a_tier_that_the_cluster_does_not_have() -> None:
    (place,) = ask(where="mynumber").places  # it has fast only
    assert [(each.place, each.over) for each in place.tipping] == [("mynumber/standard", 160)]
    assert place.most_machines == 0


def test_a_segment_with_two_clusters_gives_two_answers() -> None:
    estate = make_usage_estate()
    clusters = tuple(estate.platform.clusters)
    estate = make_usage_estate(
        clusters=(replace(clusters[0], name="one"), replace(clusters[1], name="two"), clusters[2])
    )
    report = make_report(estate, request=WhatIfRequest(count=1, flavour="m8", where="lgwan"))
    assert report.what_if is not None
    assert [each.cluster for each in report.what_if.places] == ["one", "two"]


def test_twelve_large_machines_fit_only_where_desktops_live() -> None:
    """The cluster of the divisions does not take them; that the desktops' would take them is no answer."""
    tight = replace(make_usage_estate().platform.clusters[0], name="tight", segment="lgwan")
    desktops = replace(tight, name="desktops", equipment="vdi", hosts=tight.hosts * 20)
    estate = make_usage_estate(
        make_system("s01", make_machine("a", name="a"), cluster="tight"),
        make_system("vdi-1", make_machine("d", name="d"), kind="vdi", cluster="desktops"),
        clusters=(tight, desktops),
        datastores=(replace(make_usage_estate().platform.datastores[0], clusters=("tight", "desktops")),),
        equipment=(KYOTSU, replace(KYOTSU, id="vdi")),
    )

    def answers(where: str) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
        request = WhatIfRequest(count=40, flavour="m8", where=where, storage_gib_each=0)
        found = make_report(estate, request=request).what_if
        assert found is not None
        return [(each.cluster, each.answer) for each in found.places], found.left_out

    assert answers("lgwan") == ([("tight", "does-not-fit")], ("desktops",))
    assert answers("desktops") == ([("desktops", "fits")], ())


def test_what_fits_but_passes_the_threshold() -> None:
    """Of 256 GiB: (40 + 24 x 8)/256 = 90.6 % of memory, over 90; 23 come to 87.5 %."""
    (place,) = ask(count=24, storage_gib_each=0).places
    assert (place.answer, place.fits, place.most_machines) == ("passes-threshold", True, 27)
    assert [(each.resource, each.answer) for each in place.limits] == [
        ("cpu", "passes-threshold"),  # (10 + 48)/64 = 90.6 %
        ("memory", "passes-threshold"),
        ("storage", "fits"),  # nothing is asked of it
    ]
    assert ask(count=23, storage_gib_each=0).places[0].answer == "fits"


def test_a_disk_larger_than_any_datastore_has_room_for() -> None:
    """1,280 GiB are free of the tier, 640 on each of its two datastores."""
    (place,) = ask(count=1, storage_gib_each=1000, tier="fast").places
    assert [(each.resource, each.place, each.needed, each.free, each.piece) for each in place.tipping] == [
        ("storage", "lgwan-fast-01", 1000, 640, True)
    ]
    assert (place.answer, place.most_machines) == ("does-not-fit", 0)


def test_disks_that_fit_one_by_one_but_not_all() -> None:
    """400 GiB each, three are 1,200 of 1,280; but each datastore of 640 takes one."""
    (place,) = ask(count=3, storage_gib_each=400, tier="fast").places
    assert [(each.place, each.needed, each.free, each.piece) for each in place.tipping] == [
        ("lgwan/fast", 1200, 800, True)
    ]
    assert place.most_machines == 2


def test_where_vcenter_has_the_disks_counts() -> None:
    """lgwan-fast-01 has 70 of 700 GiB (a and x), lgwan-fast-02 has 40 (b): 630 and 660 are free."""
    (place,) = ask(observed=True, basis="actual", count=1, storage_gib_each=661, tier="fast").places
    assert [(each.place, each.free) for each in place.tipping] == [("lgwan-fast-02", 660)]
    assert ask(observed=True, basis="actual", count=1, storage_gib_each=660, tier="fast").places[0].fits


@pytest.mark.parametrize(
    ("size", "tips"),
    [
        ({"cpu": 17, "memory_gb": 8}, ("cpu", "lgwan-esx01", 17, 16)),  # 54 vCPU are free
        ({"cpu": 2, "memory_gb": 8}, None),
    ],
)
def test_a_machine_larger_than_a_host(size: dict[str, int], tips: tuple[str, str, int, int] | None) -> None:
    estate = make_usage_estate(flavours=(Flavour(id="m8", cpu=2, memory_gb=8), Flavour(id="big", **size)))
    report = make_report(estate, request=WhatIfRequest(count=1, flavour="big", where="lgwan"))
    assert report.what_if is not None
    found = report.what_if.places[0].tipping
    assert [(each.resource, each.place, each.needed, each.free) for each in found] == ([tips] if tips else [])


def test_memory_that_is_free_in_parts_of_hosts_only() -> None:
    """Three hosts of 256 GiB, one lost: 472 GiB are free, three of 150 are 450; but a host takes one."""
    cluster = make_usage_estate().platform.clusters[0]
    third = replace(cluster.hosts[0], name="lgwan-esx03")
    estate = make_usage_estate(
        clusters=(replace(cluster, hosts=(*cluster.hosts, third)), *make_usage_estate().platform.clusters[1:]),
        flavours=(Flavour(id="m8", cpu=2, memory_gb=8), Flavour(id="m150", cpu=2, memory_gb=150)),
    )
    report = make_report(estate, request=WhatIfRequest(count=3, flavour="m150", where="lgwan"))
    assert report.what_if is not None
    (place,) = report.what_if.places
    assert [(each.resource, each.place, each.needed, each.free) for each in place.tipping] == [
        ("memory", "lgwan", 450, 300)
    ]
    assert place.most_machines == 2


def test_filters_do_not_hide_where_to_put_it() -> None:
    assert ask(filters=Filters(segment="mynumber")).places[0].cluster == "lgwan"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"flavour": "m9"}, 'there is no flavour "m9"; known: m8'),
        ({"tier": "slow"}, 'there is no tier "slow"; known: fast, standard'),
        ({"where": "lgwann"}, 'there is no segment or cluster "lgwann"; did you mean "lgwan"?'),
        ({"count": 0}, "0 machines cannot be added; ask for one or more"),
        ({"storage_gib_each": -1}, "a disk of -1 GiB cannot be added; give 0 or more"),
        ({"count": -4}, "-4 machines cannot be added; ask for one or more"),
    ],
)
def test_what_cannot_be_asked(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(UnusableRequest) as caught:
        ask(**request_)
    assert str(caught.value) == message
