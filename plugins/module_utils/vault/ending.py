"""The end of a tape's content: retention over, erased for reuse, or destroyed. Nothing else gives a tape free."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused, admit
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import Action
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed, CommandRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.events import named, report

RELEASE = "tape-release"
AGAIN = Text(
    ja="媒体（書込み防止）とライブラリを確かめ、もう一度実行する。台帳の状態は変わっていない",
    en="look at the tape (write protection) and the library and run it again; in the ledger nothing changed",
)
WHERE = frozenset({"slot", "hand-over", "vault", "returning"})


def expire(vault: Vault) -> None:
    """Record that retention is over, for every tape (or the named ones) that nothing keeps any more."""
    request = vault.request
    request.require(people=request.people)
    known = vault.know()
    free = {each.tape for each in known.releases if each.releasable}
    held = {tape for copy in known.copies for tape in copy.tapes}
    pools = {pool.id for pool in vault.pools}
    over = [
        tape
        for tape, status in sorted(known.statuses.items())
        if status.state == "full" and status.place in WHERE and status.pool in pools and tape in free & held
    ]
    if request.tapes:
        wanted = named(known, request.tapes)
        kept = [each for each in known.releases if each.tape in wanted and not each.releasable]
        if kept:
            raise CustodyRefused(f"{kept[0].tape}: is still needed: {'; '.join(kept[0].blocked_by[:3])}")
        over = [tape for tape in over if tape in wanted]
    reason = request.reason or "retention is over"
    if not request.check:
        vault.record([vault.event(tape, "expire", request.people, reason=reason) for tape in over])
    vault.done.changed = bool(over)
    vault.done.say(f"retention is over: {', '.join(over) or 'of no tape'}")


def erase(vault: Vault) -> None:
    """Give tapes free for writing: the one command that does. Tapes must be expired and in the library.

    The intent is written first, then the tape is erased and labelled anew, then the ledger says so: after a kill the
    same command does it again, which an empty tape does not mind.
    """
    request = vault.request
    request.require(tapes=request.tapes, people=request.people)
    for tape in named(vault.know(), request.tapes):
        known = vault.know()
        status = known.statuses[tape]
        if status.state == "writable" and not any(tape in copy.tapes for copy in known.copies):
            vault.done.say(f"{tape}: is erased already")
            continue
        evidence = f"release of run {vault.origin.run_id}"
        admit(dict(known.statuses), vault.event(tape, "erase", request.people, job=evidence), known.facts)
        vault.done.say(f"{tape}: {'would be ' if request.check else ''}erased, labelled anew for {status.pool}")
        vault.done.changed = True
        if request.check:
            continue
        intent = {"people": list(request.people), "pool": status.pool, "reason": request.reason}
        vault.store.chain.append(RELEASE, tape, intent, vault.origin)
        try:
            vault.library.release_tape(tape)
            vault.library.label([tape], status.pool)
        except (ChangerFailed, CommandRefused) as error:
            vault.done.trouble("not-erased", str(error), AGAIN, tape=tape)
            continue
        vault.record([vault.event(tape, "erase", request.people, job=evidence)])


def stop_writing(vault: Vault, action: Action) -> None:
    """Record that tapes are damaged or retired, and have nothing more written on them."""
    report(vault, action)
    if vault.request.check:
        return
    for tape in named(vault.know(), vault.request.tapes):
        if any(volume.status == "Append" for volume in vault.tape.catalogue.volumes(tape)):
            vault.library.close(tape)
            vault.done.changed = True


def destroy(vault: Vault) -> None:
    """Record that tapes were destroyed, and have the tape software forget them."""
    report(vault, "destroy")
    if vault.request.check:
        return
    for tape in named(vault.know(), vault.request.tapes):
        if vault.tape.catalogue.volumes(tape):
            vault.library.forget(tape)
            vault.done.changed = True
