"""A network that leads nowhere is made, proven and removed, also where only a half of it is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.closed_network import (
    closed_networks,
    make_closed_network,
    proof_of_closure,
    remove_closed_network,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from tests.support.vcenter_lab import CLUSTERS, VCenterLab, creations, foundation, session_of, vcenter_lab

NAME = "drill-internet-s01"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VCenterLab]:
    with vcenter_lab(tmp_path_factory.mktemp("labs"), "closed") as lab, session_of(lab) as session:
        results = lab.apply(session, creations(foundation()))
        assert all(result.status == "changed" for result in results)
        yield lab


@contextmanager
def world_of(lab: VCenterLab) -> Iterator[World]:
    """The vCenter as a run finds it."""
    with session_of(lab) as session, TaskWaiter(session) as waiter:
        yield World(session, lab.read(session), waiter, ApplyOptions())


def names(world: World) -> list[str]:
    networks = world.managed(vim.Folder, "root", "network")
    return sorted(str(each.name) for each in networks.childEntity)


def test_it_is_made_has_no_card_and_is_removed_without_a_trace_and_again(lab: VCenterLab) -> None:
    with world_of(lab) as world:
        before = names(world)
        for _ in range(2):
            make_closed_network(world, NAME, CLUSTERS[0])
            assert closed_networks(world, {NAME, "another"}) == [NAME]
            assert proof_of_closure(world, NAME) == []
            assert world.reference("port_group_key", NAME)
            assert remove_closed_network(world, NAME)
            assert names(world) == before
            assert not remove_closed_network(world, NAME)


def test_the_next_run_removes_what_a_dead_one_has_made(lab: VCenterLab) -> None:
    with world_of(lab) as world:
        before = names(world)
        make_closed_network(world, NAME, CLUSTERS[0])
    with world_of(lab) as world:
        assert closed_networks(world, {NAME}) == [NAME]
        assert remove_closed_network(world, NAME)
        make_closed_network(world, NAME, CLUSTERS[0])
        assert remove_closed_network(world, NAME)
    with world_of(lab) as world:
        assert closed_networks(world, {NAME}) == []
        assert names(world) == before
