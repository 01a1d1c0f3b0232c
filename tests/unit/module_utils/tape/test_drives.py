"""Which tapes are in the way of a copy."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.drives import in_the_way
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Drive, Inventory


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("source", "target", ["target"]),
        ("target", "source", []),
        ("source", None, []),
        (None, "target", []),
        ("source", "other", []),
        ("other", "target", []),
    ],
)
def test_a_target_above_the_source_is_in_the_way(first: str | None, second: str | None, expected: list[str]) -> None:
    drives = (Drive(0, first, 1 if first else None), Drive(1, second, 2 if second else None))
    assert in_the_way(Inventory(drives, ()), {"source"}, {"target"}) == expected
