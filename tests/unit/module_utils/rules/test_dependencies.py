"""The walk that finds circles."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.rules.dependencies import circles


def test_a_tree_has_no_circle() -> None:
    assert circles({"a": ["b", "c"], "b": ["c"], "c": []}) == []


def test_a_system_that_needs_itself() -> None:
    assert circles({"a": ["a"]}) == [("a",)]


def test_a_circle_is_told_once_from_its_smallest_name() -> None:
    assert circles({"c": ["a"], "b": ["c"], "a": ["b"]}) == [("a", "b", "c")]


def test_two_circles_with_one_system_in_common() -> None:
    assert circles({"a": ["b", "c"], "b": ["a"], "c": ["a"]}) == [("a", "b"), ("a", "c")]


def test_a_chain_longer_than_the_stack_of_python() -> None:
    needs = {str(number): [str(number + 1)] for number in range(5000)} | {"5000": []}
    assert circles(needs) == []
