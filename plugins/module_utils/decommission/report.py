"""What a run says of each machine and step, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import Refusal
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.progress import WAITING
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import TABLE, Step


@dataclass
class Report:
    """What came of each machine, and what the reader should know beside it."""

    results: list[Result] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    digest: str = ""

    def add(self, candidate: Candidate, step: Step, status: str, message: Text) -> None:
        """One line: a machine and a step."""
        words = TABLE[step].words
        self.results.append(
            Result(
                vcenter=candidate.vcenter,
                kind="machine",
                object=f"{candidate.key}/{step}",
                label=f"{candidate.name}: {step}",
                status=status,
                message=message.en,
                message_ja=f"{words.ja}: {message.ja}",
            )
        )

    def refuse(self, candidate: Candidate, step: Step, reasons: Sequence[Refusal]) -> None:
        """A step that is not done: held when only its time has not come, else refused."""
        status = "held" if all(each.code in WAITING for each in reasons) else "refused"
        text = Text(en="; ".join(each.text.en for each in reasons), ja="。".join(each.text.ja for each in reasons))
        self.add(candidate, step, status, text)
