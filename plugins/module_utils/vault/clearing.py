"""A damaged or found tape made good again: by reading every copy on it now, and by nothing that somebody says."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused, admit
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.copying import read_back, wait_for_leftovers
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.events import named


def clear(vault: Vault) -> None:
    """Read every copy on the named tapes back; a tape is full again only if all of its copies are good.

    The jobs that read are the evidence. Each read-back is recorded, good or not; a tape that fails stays damaged.
    CustodyRefused: a tape is not damaged, not in the library, or has no copy by which it could be judged.
    """
    request = vault.request
    request.require(tapes=request.tapes, people=request.people)
    for tape in named(vault.know(), request.tapes):
        known = vault.know()
        if known.statuses[tape].state == "full":
            vault.done.say(f"{tape}: counts already")
            continue
        event = vault.event(tape, "clear", request.people, job=f"read-back of run {vault.origin.run_id}")
        admit(dict(known.statuses), event, known.facts)
        copies = [copy for copy in known.copies if tape in copy.tapes]
        if not copies:
            raise CustodyRefused(f"{tape}: has no copy that could be read back: retire it, or destroy it")
        vault.done.changed = True
        if request.check:
            vault.done.say(f"{tape}: {len(copies)} copies would be read back")
            continue
        wait_for_leftovers(vault)
        proofs = read_back(vault, copies)
        good = [proof for proof in proofs if proof.good]
        vault.done.say(f"{tape}: {len(good)} of {len(copies)} copies read back and good")
        if len(good) == len(copies):
            jobs = " ".join(str(proof.job_id) for proof in good)
            vault.record([vault.event(tape, "clear", request.people, job=jobs)])
