"""Faults in one line."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import (
    Fault,
    Unreachable,
    fault_summary,
    message_of,
)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("NoDiskSpace", "There is no space\n left", "fault NoDiskSpace: There is no space left"),
        ("NoDiskSpace", "*types.NoDiskSpace", "fault NoDiskSpace"),
        ("NoDiskSpace", "", "fault NoDiskSpace"),
    ],
)
def test_a_fault_is_one_line(kind: str, text: str, expected: str) -> None:
    assert fault_summary(kind, text) == expected


def test_a_fault_names_the_vcenter_and_its_result_does_not() -> None:
    fault = Fault("vc-a (host:443): CreateFolder", "InvalidName", "no")
    assert str(fault) == "vc-a (host:443): CreateFolder: fault InvalidName: no"
    assert message_of(fault) == "fault InvalidName: no"
    assert message_of(Unreachable("vc-a (host:443): gone")) == "vc-a (host:443): gone"
    assert message_of(KeyError("SystemErrorFault")) == "unexpected KeyError: 'SystemErrorFault'"


def test_only_what_passes_by_itself_is_transient() -> None:
    assert Fault("", "TaskInProgress", "").transient
    assert not Fault("", "NoDiskSpace", "").transient
