"""Which tapes are in the way of a copy."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.drives import in_the_way
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Drive, Inventory


@pytest.mark.parametrize(
    ("tapes", "expected"),
    [
        (("source", "target"), ["target"]),
        ((None, "target"), ["target"]),
        (("other", "target", "target-2"), ["target", "target-2"]),
        (("target", "source"), []),
        (("target",), []),
        (("source", None), []),
        ((None, "other"), []),
    ],
)
def test_a_target_in_another_drive_than_the_first_is_in_the_way(
    tapes: tuple[str | None, ...], expected: list[str]
) -> None:
    drives = [Drive(number, tape, number + 1 if tape else None) for number, tape in enumerate(tapes)]
    # mtx tells the drives in its own order.
    assert in_the_way(Inventory(tuple(reversed(drives)), ()), {"target", "target-2"}) == expected[::-1]
