"""Questions that a division asks of the estate as it is described, with the answers of its own cluster."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import WhatIfRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import WhatIf
from tests.support.small_estate import ROOT
from tests.support.usage_estate import make_report

AS_OF = date(2026, 11, 24)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_estate(ROOT, as_of=AS_OF).estate


def ask(estate: Estate, count: int, flavour: str, where: str = "lgwan") -> WhatIf:
    report = make_report(estate, request=WhatIfRequest(count=count, flavour=flavour, where=where))
    assert report.what_if is not None
    return report.what_if


@pytest.mark.parametrize(("count", "flavour", "memory_gib"), [(12, "m64", 768), (80, "m8", 640)])
def test_the_cluster_of_the_divisions_answers_for_itself(
    estate: Estate, count: int, flavour: str, memory_gib: int
) -> None:
    """The cluster of the desktops is much larger, and never what makes a question of a division fit."""
    answer = ask(estate, count, flavour)
    (place,) = answer.places
    assert (place.cluster, answer.left_out) == ("kyotsu-lgwan", ("vdi-lgwan",))
    memory = next(limit for limit in place.limits if limit.resource == "memory")
    assert memory.needed == memory_gib
    assert (memory.answer == "does-not-fit") == (memory.free < memory_gib)


def test_the_desktops_cluster_answers_to_its_name(estate: Estate) -> None:
    assert [place.cluster for place in ask(estate, 1, "m8", "vdi-lgwan").places] == ["vdi-lgwan"]
