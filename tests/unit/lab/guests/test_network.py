"""Rules of the lab's network: closed unless registered."""

from __future__ import annotations

from lab.guests.network import ruleset
from lab.guests.settings import Flow


def test_without_flows_everything_is_dropped() -> None:
    rules = ruleset(())
    assert rules.count("policy drop") == 2
    assert "dport" not in rules


def test_flow_opens_its_ports_in_one_direction() -> None:
    rules = ruleset([Flow("x", ("198.18.0.0/22",), ("198.18.7.12",), "tcp", (80, 443))])
    assert "ip saddr { 198.18.0.0/22 } ip daddr { 198.18.7.12 } tcp dport { 80, 443 } counter accept" in rules
    assert "ip saddr { 198.18.7.12 }" not in rules


def test_flow_whose_end_is_outside_the_estate_opens_nothing() -> None:
    assert ruleset([Flow("x", (), ("198.18.7.12",), "tcp", (80,))]) == ruleset(())
    assert ruleset([Flow("x", ("198.18.7.12",), (), "tcp", (80,))]) == ruleset(())
