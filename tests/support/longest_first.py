"""The order in which files of tests are given to the lanes of pytest-xdist."""

from __future__ import annotations

from collections.abc import Sequence

import pytest


def longest_first(items: list[pytest.Item], files: Sequence[str]) -> None:
    """Put the named files first, so that no lane is left alone with a long one at the end.

    pytest-xdist's own order goes by the number of tests in a file, which says nothing where one test takes minutes; run
    it with --no-loadscope-reorder.
    """
    ranks = {name: rank for rank, name in enumerate(files)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))
