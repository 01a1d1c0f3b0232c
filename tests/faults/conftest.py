"""Labs to break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.estate_lab import EstateLab, copy_few, estate_lab
from tests.support.longest_first import longest_first
from tests.support.retiring import going
from tests.support.small_estate import S13

# One fixture of two folders.
__all__ = ["going"]

APPLICATION_SERVERS = 12
# Each takes minutes.
LONGEST = (
    "test_tape_faults",
    "test_decommission_sequences",
    "test_patch_killed",
    "test_backup_faults",
    "test_vault_killed",
    "test_restore_from_nothing",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first."""
    longest_first(items, LONGEST)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[EstateLab]:
    """A small estate and vCenters in which nothing is yet."""
    with estate_lab(copy_few(tmp_path), "empty") as lab:
        yield lab


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[EstateLab]:
    """The foundation of a small estate with room for four machines of two systems, none of them made yet."""
    with estate_lab(copy_few(tmp_path), "ready") as lab:
        lab.foundation()
        yield lab


@pytest.fixture
def many(tmp_path: Path) -> Iterator[EstateLab]:
    """The same with a dozen machines more: enough to be in the middle of."""
    repository = copy_few(tmp_path)
    with estate_lab(repository, "many") as lab:
        machines = "".join(_machine(number) for number in range(1, APPLICATION_SERVERS + 1))
        lab.edit(S13, "assumed: [owner, machines]\n", f"{machines}assumed: [owner, machines]\n")
        lab.foundation()
        yield lab


def _machine(number: int) -> str:
    return f"""  - key: s13-ap-{number}
    name: s13-ap{number:02}
    role: ap
    cpu: 1
    memory_gb: 2
    image: debian-12
    nics: [{{network: lgwan-servers, address: 198.18.128.{100 + number}}}]
    disks: [{{name: system, size_gb: 40, tier: standard, mount: /}}]
"""
