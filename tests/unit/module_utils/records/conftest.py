"""A store in a temporary directory with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from tests.support.empty_records import empty_records


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def origin() -> Origin:
    return Origin(actor="hanako", host="controller-1", run_id="run-1", commit="0" * 40)


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    return tmp_path / "lab" / "records.sqlite3"


@pytest.fixture
def opened(database_file: Path, clock: ManualClock) -> Iterator[Callable[[], Store]]:
    stores: list[Store] = []

    def open_one() -> Store:
        stores.append(open_store(f"sqlite:///{database_file}", production=False, clock=clock))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store], database_file: Path) -> Store:
    database_file.parent.mkdir(mode=0o700)
    empty_records(database_file)
    return opened()
