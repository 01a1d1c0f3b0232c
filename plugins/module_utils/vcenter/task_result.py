"""How a task ended, whatever type its fault has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, fault_summary
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many, missing_privilege


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """How a task ended. `value`: id of the object that it made, if any; `kind` and `error` are "" after success."""

    succeeded: bool
    value: str | None = None
    kind: str = ""
    error: str = ""


def result_of(state: str, values: Mapping[str, Any]) -> TaskResult:
    """The result of a task in a last state (success or error), from the properties of its info by path."""
    if state == "success":
        value = values.get("info.result")
        return TaskResult(succeeded=True, value=value if isinstance(value, str) and value else None)
    error = values.get("info.error")
    kind = str(dig(error, "fault", "_type") or "Unknown").removesuffix("Fault") or "Unknown"
    text = str(dig(error, "localizedMessage") or "")
    if not text or text.startswith("*types."):
        messages = [str(dig(message, "message") or "") for message in many(dig(error, "fault", "faultMessage"))]
        text = " ".join(message for message in messages if message) or text
    text = " ".join(part for part in (text, missing_privilege(dig(error, "fault"))) if part)
    return TaskResult(succeeded=False, kind=kind, error=fault_summary(kind, text))


def require(result: TaskResult, where: str) -> str | None:
    """The value of a task that succeeded. Raises Fault for one that did not."""
    if result.succeeded:
        return result.value
    raise Fault(where, result.kind, result.error.removeprefix(f"fault {result.kind}").removeprefix(": "))
