"""Labs that the tests of the verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.estate_lab import EstateLab, Finished, copy_few, copy_whole, estate_lab
from tests.support.longest_first import longest_first
from tests.support.retiring import going

# One fixture of two folders.
__all__ = ["going"]

# Each takes minutes.
LONGEST = (
    "test_vault_run",
    "test_decommission_tape",
    "test_drill",
    "test_restore_run",
    "test_patch_run",
    "test_vault_library",
    "test_blast_radius",
    "test_patch_evidence_run",
    "test_tape_library",
    "test_decommission_guards",
    "test_decommission_people",
    "test_names_services",
    "test_backup_run",
    "test_guests_cloud_init",
    "test_guests_usage",
    "test_verbs_secrets",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first."""
    longest_first(items, LONGEST)


@dataclass(frozen=True)
class WholeEstate:
    """The whole estate of this repository, built by ansible-playbook; tests leave it as it is."""

    lab: EstateLab
    foundation: Finished
    provision: Finished
    calls_without_machines: dict[str, int]  # of a plan made when the foundation stood and no machine did


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeEstate]:
    """Foundation and every machine; once, for it takes longest."""
    with estate_lab(copy_whole(tmp_path_factory.mktemp("whole")), "whole") as lab:
        foundation = lab.playbook("foundation")
        assert foundation.code == 0, foundation.output
        lab.plan()  # devices that are new to the cache are read once
        lab.reset_counters()
        lab.plan()
        calls = lab.calls()
        provision = lab.playbook("provision")
        assert provision.code == 0, provision.output
        yield WholeEstate(lab, foundation, provision, calls)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[EstateLab]:
    """A small estate and vCenters in which nothing is yet."""
    with estate_lab(copy_few(tmp_path), "empty") as lab:
        yield lab


@pytest.fixture
def few(tmp_path: Path) -> Iterator[EstateLab]:
    """A small estate with its foundation and four machines, new for each test."""
    with estate_lab(copy_few(tmp_path), "few") as lab:
        lab.foundation()
        lab.provision()
        assert lab.differences() == []
        yield lab
