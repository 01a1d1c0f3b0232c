"""How many objects needed nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.state import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.counting import count_unchanged
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import Selection
from tests.support.builders import (
    VCENTER,
    make_desired_machine,
    make_desired_vcenter,
    make_observed_vcenter,
    make_separation,
)
from tests.unit.module_utils.verbs.worlds import live

MACHINES = [
    make_desired_machine(number, status=status)
    for number, status in enumerate(("in-service", "retiring", "planned", "retired"), 1)
]
WORLD = live(
    make_desired_vcenter(
        *MACHINES, items=(Item(kind="cluster", name="a"), Item(kind="folder", name="b"), make_separation("x", "y"))
    ),
    make_observed_vcenter(),
)


def result(kind: str, name: str) -> Result:
    return Result(vcenter=VCENTER, kind=kind, object=name, label=name, status="changed", message="")


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        # Two machines run; a planned and a retired one are nothing that could differ.
        ({"part": "machines"}, 2 + 1),
        ({"part": "foundation"}, 2),
        ({"part": "everything"}, 2 + 1 + 2),
        ({"part": "machines", "names": {"s01-db01", "s01-db04"}}, 1),
        ({"part": "everything", "names": set()}, 0),
    ],
)
def test_the_selection_says_what_is_counted(selection: dict[str, Any], expected: int) -> None:
    assert count_unchanged([], [WORLD], Selection(**selection)) == expected


def test_an_object_with_a_result_is_not_counted_however_many_results_it_has() -> None:
    results = [result("machine", "s01-db-1"), result("machine", "s01-db-1"), result("separation", "lgwan/s01-db")]
    assert count_unchanged(results, [WORLD], Selection(part="machines")) == 1


def test_an_object_of_the_same_name_and_another_kind_is_counted() -> None:
    assert count_unchanged([result("switch", "s01-db-1")], [WORLD], Selection(part="machines")) == 3
