"""How a task ended."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require, result_of


def error(kind: str, text: str, *messages: str) -> dict[str, Any]:
    fault = {"_type": kind, "faultMessage": [{"key": "k", "message": message} for message in messages]}
    return {"info.error": {"_type": "LocalizedMethodFault", "fault": fault, "localizedMessage": text}}


def test_a_task_that_made_something_tells_what() -> None:
    assert result_of("success", {"info.result": "vm-7"}).value == "vm-7"
    assert result_of("success", {}).value is None
    assert require(result_of("success", {"info.result": "vm-7"}), "clone") == "vm-7"


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        (error("NoDiskSpace", "No space left"), "NoDiskSpace", "fault NoDiskSpace: No space left"),
        (error("NoDiskSpace", "*types.NoDiskSpace", "a", "b"), "NoDiskSpace", "fault NoDiskSpace: a b"),
        (error("NoDiskSpace", "*types.NoDiskSpace"), "NoDiskSpace", "fault NoDiskSpace"),
        (error("NewInVersion10", "Something new"), "NewInVersion10", "fault NewInVersion10: Something new"),
        ({}, "Unknown", "fault Unknown"),
    ],
    ids=["text", "messages", "neither", "unknown type", "no error at all"],
)
def test_a_task_that_failed_says_why_in_one_line(values: dict[str, Any], kind: str, text: str) -> None:
    result = result_of("error", values)
    assert (result.succeeded, result.kind, result.error) == (False, kind, text)
    with pytest.raises(Fault) as caught:
        require(result, "clone")
    assert str(caught.value) == f"clone: {text}"


def test_a_missing_privilege_is_named() -> None:
    values = error("NoPermission", "Permission to perform this operation was denied.")
    values["info.error"]["fault"] |= {"object": "network-7", "privilegeId": "Network.Assign"}
    assert result_of("error", values).error == (
        "fault NoPermission: Permission to perform this operation was denied. privilege Network.Assign on network-7"
    )
