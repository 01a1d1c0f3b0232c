"""A thousand random stories of tapes: whatever people try, three promises hold.

Every tape is in exactly one place; nothing is overwritten before its time; nothing leaves without its key in escrow.
What may be overwritten is judged by an oracle of its own, not by the code under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.facts import candidates, facts_of
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import escrow_gaps, replay_key
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import (
    CustodyEvent,
    CustodyRefused,
    TapeStatus,
    admit,
    replay,
    unreadable_tapes,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import releasable_tapes, retained
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import (
    ACTIONS,
    PLACES,
    SINGLE_PLACES,
    Action,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import plan_vault
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import CopyRetention
from tests.support.tapes import (
    CASES,
    ESCROW,
    OFFSITE,
    ONSITE,
    SITES,
    START,
    event,
    key_event,
    make_copy,
    make_pool,
    proven_key,
)

SHORT = CopyRetention(id="short", daily=2, weekly=1, monthly=1, yearly=1, basis="assumed")
RULES = {"tape-daily-offsite": SHORT}
MYNUMBER = "mynumber-c3-offsite"
POOLS = (
    make_pool(OFFSITE),
    make_pool(ONSITE, offsite=False),
    make_pool(MYNUMBER, segment="mynumber", at_end="destroy"),
)
TOKYO = ZoneInfo("Asia/Tokyo")
PERIODS: tuple[tuple[int, Callable[[date], object]], ...] = (
    (SHORT.daily, lambda day: day),
    (SHORT.weekly, lambda day: day.isocalendar()[:2]),
    (SHORT.monthly, lambda day: (day.year, day.month)),
    (SHORT.yearly, lambda day: day.year - (day.month < 4)),
)
TAPES = [f"KYT{number:03}L8" for number in range(1, 6)]
tapes = st.sampled_from(TAPES)


class TapeStory(RuleBasedStateMachine):
    """People, the tape software and the courier do what they can think of."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.present: dict[str, TapeStatus] = {}
        self.events: dict[str, list[CustodyEvent]] = {}
        self.replayed: dict[str, TapeStatus] = {}
        self.copies: list[Copy] = []
        self.keys = [key_event("create")]
        self.gaps_of_keys: dict[tuple[int, date], list[str]] = {}

    @initialize(pools=st.lists(st.sampled_from([pool.id for pool in POOLS]), min_size=5, max_size=5))
    def register(self, pools: list[str]) -> None:
        for number, (tape, pool) in enumerate(zip(TAPES, pools, strict=True), 1):
            assert self.attempt("register", tape, pool=pool, position=str(number))

    @rule(days=st.sampled_from([1, 1, 2, 7, 40, 400]))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(proven=st.booleans())
    def the_key_is_opened_or_drilled(self, proven: bool) -> None:
        if proven:
            self.keys += proven_key(self.now)[1:]
        else:
            self.keys.append(key_event("open", self.now))

    @rule(tape=tapes, machine=st.sampled_from("ab"), read=st.sampled_from([True, True, True, False, None]))
    def a_copy_is_written(self, tape: str, machine: str, read: bool | None) -> None:
        status = self.present[tape]
        if status.state != "writable" or status.place not in {"slot", "drive"}:
            return
        self.copies.append(
            make_copy(
                len(self.copies) + 1,
                self.now,
                machine=machine,
                pool=status.pool,
                offsite=status.pool != ONSITE,
                tapes=(tape,),
                read_back_at=None if read is None else self.now,
                read_back_ok=read,
            )
        )

    @rule(tape=tapes, action=st.sampled_from(ACTIONS), position=st.sampled_from("123"))
    def somebody_tries_something(self, tape: str, action: Action, position: str) -> None:
        self.attempt(action, tape, position=position)

    @rule(nights=st.integers(1, 4), machine=st.sampled_from("ab"))
    def nights_pass_with_a_tape_each(self, nights: int, machine: str) -> None:
        for _ in range(nights):
            self.now += timedelta(days=1)
            tape = next((each for each in TAPES if self.present[each].state == "writable"), None)
            if tape is not None:
                self.a_copy_is_written(tape, machine, True)
                self.attempt("close", tape)

    @rule()
    def every_tape_is_given_up_that_may_be(self) -> None:
        for tape in TAPES:
            if self.attempt("expire", tape):
                self.attempt("erase", tape)

    @rule(tape=tapes)
    def somebody_packs_a_tape_that_nobody_planned(self, tape: str) -> None:
        for action in ("close", "eject", "take-out", "hand-to-courier"):
            self.attempt(action, tape, position=f"p{tape}")  # type: ignore[arg-type]

    @precondition(lambda self: any(status.place == "slot" for status in self.present.values()))
    @rule(fate=st.sampled_from(["arrive", "undelivered", "lose", ""]))
    def the_courier_comes(self, fate: str) -> None:
        for tape in TAPES:
            self.attempt("close", tape)
        plan = plan_vault(self.now.date(), candidates(self.present.values(), self.live(), self.gaps()), POOLS, CASES, 4)
        for move in plan.outgoing:
            assert self.attempt("eject", move.tape, position=f"p{move.tape}"), "the plan names what may not go"
            assert self.attempt("take-out", move.tape)
            assert self.attempt("hand-to-courier", move.tape)
            if fate:
                assert self.attempt(fate, move.tape)  # type: ignore[arg-type]
        for move in plan.incoming:
            for action in ("leave-vault", "come-home"):
                assert self.attempt(action, move.tape)  # type: ignore[arg-type]

    def live(self) -> list[Copy]:
        return [copy for copy in self.copies if copy.released_at is None]

    def gaps(self) -> dict[str, list[str]]:
        # Events of keys are only added, so their number says which they are.
        known = len(self.keys), self.now.date()
        if known not in self.gaps_of_keys:
            self.gaps_of_keys[known] = escrow_gaps(replay_key(self.keys), ESCROW, SITES, self.now.date())
        return {"lgwan-g1": self.gaps_of_keys[known]}

    def attempt(self, action: Action, tape: str, **evidence: str) -> bool:
        """Try an event as the records would; whether it went through."""
        unreadable = unreadable_tapes(self.present.values())
        kept = retained(self.live(), RULES, self.now, unreadable=unreadable)
        releases = releasable_tapes(self.present.values(), self.live(), kept, self.now)
        new = event(action, self.now, tape=tape, **evidence)
        try:
            after = admit(self.present, new, facts_of(self.live(), releases, self.gaps(), POOLS))
        except CustodyRefused:
            return False
        if action in {"erase", "destroy"}:
            assert not self.needed(tape), f"{tape} was overwritten before its time"
            assert action == "destroy" or self.present[tape].pool != MYNUMBER
            self.copies = [
                replace(copy, released_at=self.now) if tape in copy.tapes and copy.released_at is None else copy
                for copy in self.copies
            ]
        if action == "hand-to-courier" and any(tape in copy.tapes for copy in self.live()):
            assert not self.gaps()["lgwan-g1"], f"{tape} left without escrow"
        self.present[tape] = after
        self.events.setdefault(tape, []).append(new)
        return True

    def needed(self, tape: str) -> bool:
        """By the definition, slowly: is a copy on this tape one of those that must stay?"""
        unreadable = {each.tape for each in self.present.values() if each.state == "damaged" or each.place == "gone"}
        good = [copy for copy in self.live() if copy.read_back_ok and not unreadable & set(copy.tapes)]
        for copy in self.live():
            if tape not in copy.tapes:
                continue
            if copy.read_back_at is None and not unreadable & set(copy.tapes):
                return True
            if copy in good and any(self.in_newest(copy, good, count, period) for count, period in PERIODS):
                return True
        return False

    @staticmethod
    def in_newest(copy: Copy, good: list[Copy], count: int, period: Callable[[date], object]) -> bool:
        def local(moment: datetime) -> object:
            return period(moment.astimezone(TOKYO).date())

        rivals = [each for each in good if (each.machine, each.offsite) == (copy.machine, copy.offsite)]
        mine = local(copy.taken_at)
        if any(local(each.taken_at) == mine and (each.taken_at, each.id) > (copy.taken_at, copy.id) for each in rivals):
            return False
        later = {local(each.taken_at) for each in rivals if each.taken_at > copy.taken_at} - {mine}
        return len(later) < count

    @invariant()
    def every_tape_is_in_exactly_one_place(self) -> None:
        for tape, status in self.present.items():
            assert status.place in PLACES
            # Frozen, and replaced by each event: what is still the same object was compared when it was new.
            if self.replayed.get(tape) is not status:
                assert replay(self.events[tape]) == status
                self.replayed[tape] = status
        single = [
            (status.library, status.place, status.position)
            for status in self.present.values()
            if status.place in SINGLE_PLACES
        ]
        assert len(single) == len(set(single))
        assert len(self.present) in {0, len(TAPES)}


TestStories = TapeStory.TestCase
TestStories.settings = settings(
    max_examples=1000,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
