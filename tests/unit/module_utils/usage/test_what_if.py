from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import (
    EVERYTHING,
    Filters,
    UnusableRequest,
    WhatIfRequest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import WhatIf
from tests.support.usage_estate import make_observation, make_report, make_usage_estate


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
    assert (answer.fits, place.fits, place.cluster, place.basis) == (True, True, "lgwan", "described")
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
