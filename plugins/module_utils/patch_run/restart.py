"""After the upgrade: restart the guests that need it, and only those. Batches keep the order of the tiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step, answers_from
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.guest_power import reboot_guests
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """Guests that were asked to restart, with the boot that they leave, and those whose upgrade or restart failed."""

    boots: Mapping[str, str]
    errors: Mapping[str, str]

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        return {"changed": bool(self.boots), "boots": dict(self.boots), "errors": dict(self.errors)}


def run_restart(step: Step, answers: Mapping[str, Any]) -> Restarted:
    """Ask the guests of a batch to restart where libraries or the kernel are old; none is waited for."""
    found = answers_from(answers)
    errors: dict[str, str] = {}
    boots: dict[str, str] = {}
    upgraded: list[PatchMachine] = []
    for machine in step.open:
        answer = found.get(machine.outcome.name)
        if answer is None or machine.phase.going_back:
            continue
        if not answer.succeeded:
            errors[machine.outcome.name] = _failed(answer)
        elif answer.facts is not None and answer.facts.restart_needed:
            boots[machine.outcome.name] = answer.facts.boot_id
        upgraded.append(
            replace(
                machine,
                phase=Phase.RESTARTING,
                outcome=replace(
                    machine.outcome,
                    after=answer.facts or machine.outcome.after,
                    reason=errors.get(machine.outcome.name, ""),
                    reason_ja="更新に失敗" if machine.outcome.name in errors else "",
                ),
            )
        )
    # Before the restart: whoever goes on after a kill sees by the boot whether the guest has restarted.
    step.store.patches.save(step.run.run_id, upgraded)
    going = [each for each in upgraded if each.outcome.name in boots]
    names = {each.reference: each.outcome.name for each in going}

    def reboot(session: Session, machines: Sequence[PatchMachine]) -> list[tuple[str, str]]:
        done = reboot_guests(session, [each.reference for each in machines])
        return [(names[each.machine], each.error) for each in done if each.error]

    refused = dict(step.by_vcenter(going, reboot))
    for name, error in refused.items():
        errors[name] = f"it needs a restart and did not take the request: {error}"
        del boots[name]
    step.store.patches.save(
        step.run.run_id,
        [
            replace(each, outcome=replace(each.outcome, reason=errors[each.outcome.name], reason_ja="再起動に失敗"))
            for each in going
            if each.outcome.name in refused
        ],
    )
    step.say(f"{len(boots)} of {len(upgraded)} guests restart")
    return Restarted(boots=boots, errors=errors)


def _failed(answer: Answer) -> str:
    return f"the upgrade was cut off: {answer.error}" if not answer.reachable else f"the upgrade failed: {answer.error}"
