"""What the policy knows of each tape, from copies, keys and pools; `Custody.record` asks for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import Facts, TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import must_destroy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import TapeRelease
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import MediaPool


def facts_of(
    copies: Iterable[Copy],
    releases: Iterable[TapeRelease],
    key_gaps: Mapping[str, Collection[str]],
    pools: Sequence[MediaPool],
) -> Callable[[TapeStatus], Facts]:
    """A function from a tape to its facts.

    `copies`: those that exist. `releases`: what `releasable_tapes` gave. `key_gaps`: what is missing in the escrow of
    each key (keys.escrow_gaps); a key that is not named there is not proven.
    """
    on_tape = by_tape(copies)
    blocked = {each.tape: each.blocked_by for each in releases}

    def facts(status: TapeStatus) -> Facts:
        keys = {copy.key_id for copy in on_tape.get(status.tape, ())}
        return Facts(
            keys_without_escrow=unproven_keys(on_tape.get(status.tape, ()), key_gaps),
            unencrypted=None in keys,
            kept_because=tuple(blocked.get(status.tape, ())),
            must_destroy=must_destroy(pools, status.pool),
        )

    return facts


def candidates(
    statuses: Iterable[TapeStatus], copies: Iterable[Copy], key_gaps: Mapping[str, Collection[str]]
) -> list[Candidate]:
    """Every tape that is not gone with what the plan of a courier day asks about it."""
    on_tape = by_tape(copies)
    found = []
    for status in statuses:
        if status.place == "gone":
            continue
        here = on_tape.get(status.tape, [])
        found.append(
            Candidate(
                status,
                copies=len(here),
                unread=sum(1 for copy in here if copy.read_back_at is None or not copy.read_back_ok),
                keys_without_escrow=unproven_keys(here, key_gaps),
                unencrypted=any(copy.key_id is None for copy in here),
            )
        )
    return found


def by_tape(copies: Iterable[Copy]) -> dict[str, list[Copy]]:
    """The copies on each tape."""
    found: dict[str, list[Copy]] = {}
    for copy in copies:
        for tape in copy.tapes:
            found.setdefault(tape, []).append(copy)
    return found


def unproven_keys(copies: Iterable[Copy], key_gaps: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Keys of these copies whose recovery is not proven."""
    keys = {copy.key_id for copy in copies if copy.key_id is not None}
    return tuple(sorted(key for key in keys if key_gaps.get(key, ("unknown",))))
