"""What one step of the vault did, what it found, and what a person has to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.reconcile import Discrepancy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import VaultPlan
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that needs a person: the step did the rest, and ends with an error."""

    kind: str
    tape: str  # "" where it is about no tape
    message: str
    todo: Text

    def line(self) -> str:
        """One line for a terminal."""
        return f"{self.kind}: {self.tape + ': ' if self.tape else ''}{self.message}; {self.todo.en}"


def trouble_of(difference: Discrepancy) -> Trouble:
    """What a scan found, as a trouble."""
    shown = f"ordered {difference.expected or '-'}, found {difference.found or '-'}"
    return Trouble(kind=difference.kind, tape=difference.tape, message=shown, todo=difference.todo)


@dataclass(slots=True, kw_only=True)
class Done:
    """What a step collects while it works. `lines` are for a person; `recorded` counts entries of the ledger."""

    lines: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    plan: VaultPlan | None = None
    copied: int = 0
    read_back: int = 0
    recorded: int = 0
    changed: bool = False

    def say(self, line: str) -> None:
        """Add a line for the person."""
        self.lines.append(line)

    def trouble(self, kind: str, message: str, todo: Text, tape: str = "") -> None:
        """Add something that needs a person."""
        self.troubles.append(Trouble(kind=kind, tape=tape, message=message, todo=todo))


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultOutcome:
    """The end of a step. `changed` is what it did, or in check mode what it would do."""

    step: str
    day: str
    done: Done
    seconds: float

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        done = self.done
        return {
            "changed": done.changed,
            "step": self.step,
            "day": self.day,
            "text": self.text(),
            "findings": [
                {"kind": each.kind, "tape": each.tape, "message": each.message}
                | {"todo": each.todo.en, "todo_ja": each.todo.ja}
                for each in done.troubles
            ],
            "outgoing": _moves(done.plan.outgoing if done.plan else ()),
            "incoming": _moves(done.plan.incoming if done.plan else ()),
            "waiting": [
                {"tape": each.tape, "reason": each.reason.en, "reason_ja": each.reason.ja}
                for each in (done.plan.waiting if done.plan else ())
            ],
            "copied": done.copied,
            "read_back": done.read_back,
            "recorded": done.recorded,
            "files": [str(each) for each in done.files],
            "seconds": round(self.seconds, 2),
        }

    def text(self) -> str:
        """The outcome in lines, what needs a person last."""
        return "\n".join([*self.done.lines, *(each.line() for each in self.done.troubles)])


def _moves(moves: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"tape": each.tape, "pool": each.pool, "case": each.case, "slot": each.position, "port": each.port}
        | {"load": each.load, "reason": each.reason.en, "reason_ja": each.reason.ja}
        for each in moves
    ]
