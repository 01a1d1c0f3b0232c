"""What the records keep of a machine can be read back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.evidence import (
    LastCopy,
    before_as_evidence,
    before_from_evidence,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.before import Before, Locked

locked = st.builds(
    Locked,
    principal=st.text(min_size=1),
    group=st.booleans(),
    role=st.none() | st.integers(-5, 2000),
    propagate=st.booleans(),
)
befores = st.builds(
    Before,
    power=st.sampled_from(["on", "off"]),
    connected=st.lists(st.integers(4000, 4009)).map(tuple),
    folder=st.text(min_size=1),
    lock=st.lists(locked).map(tuple),
)


@given(befores)
def test_how_a_machine_was_comes_back_and_no_evidence_is_empty(before: Before) -> None:
    evidence = before_as_evidence(before)
    assert before_from_evidence(evidence) == before
    assert all(evidence.values())


def test_what_was_written_before_roles_were_kept_is_read() -> None:
    evidence = {"power": "on", "networks": "[4000]", "folder": "s01", "lock": '[{"principal": "x", "group": true}]'}
    assert before_from_evidence(evidence).lock == (Locked(principal="x", group=True),)  # type: ignore[arg-type]


def test_the_last_copy_comes_back() -> None:
    last = LastCopy(copy=7, job="12", manifest_digest="a" * 64, change_version="v", power_on=3)
    assert LastCopy.from_text(last.as_text()) == last
