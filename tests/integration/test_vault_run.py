"""The vault over a real tape software: out, there, back; what a scan shows; and what never leaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof import read_back_jobs
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.tapes import BOTH
from tests.support.vault_lab import CASE, MACHINE, OFFSITE, ONSITE, SEGMENT, VaultLab, prove_escrow, vault_lab

SEAL, BACK = "SEAL-0001", "SEAL-9001"


@pytest.fixture(scope="module")
def lab() -> Iterator[VaultLab]:
    """One library for all: the stories follow one another on one courier day, each with a tape of its own."""
    with vault_lab("vault", tapes=12) as lab:
        assert not lab.register(OFFSITE, *(f"OSA{number:03}L8" for number in range(6, 11))).done.troubles
        yield lab


def outgoing(lab: VaultLab) -> str:
    """Have the tape with the new off-site copy ordered and ejected; give its barcode."""
    assert lab.run().done.troubles == []
    (tape,) = at_exit(lab)
    return tape


def at_exit(lab: VaultLab) -> list[str]:
    with lab.store() as store:
        return [tape for tape, status in store.custody.statuses().items() if status.place == "exit-port"]


def packed(lab: VaultLab, tape: str) -> str:
    return "\n".join([CASE, SEAL, tape])


def test_a_tape_goes_out_rests_and_comes_back(lab: VaultLab) -> None:
    first = lab.backup()
    check = lab.run(check=True)
    assert "1 copies to make first" in check.text()
    assert lab.tape.jobs.catalogue.copies(int(job_of(lab, first.id))) == []

    ordered = lab.run()
    assert (ordered.done.copied, ordered.done.read_back, ordered.done.troubles) == (1, 1, [])
    assert ordered.done.plan is not None
    (move,) = ordered.done.plan.outgoing
    tape = move.tape
    volume = lab.tape.jobs.catalogue.volumes(tape)[0]
    assert (volume.pool, volume.status, volume.in_changer) == (OFFSITE, "Used", False)
    papers = {file.name: file.read_text(encoding="utf-8") for file in ordered.done.files}
    assert set(papers) == {"work-order-01.html", "courier-manifest-01.html"}
    assert all(text in papers["work-order-01.html"] for text in (tape, CASE, "媒体搬出作業指示書", "作業者２"))
    assert "媒体受領書" in papers["courier-manifest-01.html"]
    assert MACHINE not in "".join(papers.values()), "whose data it is does not travel with it"

    # Again: nothing is copied, ordered or recorded a second time, and the papers are the same to the last byte.
    again = lab.run()
    assert (again.done.copied, again.done.recorded, again.done.changed) == (0, 0, False)
    assert {file.name: file.read_text(encoding="utf-8") for file in again.done.files} == papers

    assert lab.take_out(tape).done.troubles == []
    assert lab.scan("hand-over", packed(lab, tape)).done.troubles == []
    assert lab.scan("arrive", packed(lab, tape)).done.troubles == []
    assert lab.place(tape) == "vault"
    assert lab.tape.library.inventory().place(tape) is None

    recalled = lab.run("recall", tapes=(tape,), reason="restore of s35", people=BOTH[:1])
    assert "at the latest" in recalled.text()
    back = lab.run()
    assert back.done.plan is not None
    assert [each.tape for each in back.done.plan.incoming] == [tape]
    vault_seal = "\n".join([CASE, BACK, tape])
    assert lab.scan("leave-vault", vault_seal).done.troubles == []
    assert lab.scan("come-home", vault_seal).done.troubles == []
    lab.tape.lab.library.insert(tape)
    assert lab.run("insert", people=BOTH).done.troubles == []
    assert lab.place(tape) == "slot"
    assert lab.events(tape) == [
        *("register", "close", "eject", "take-out", "hand-to-courier", "arrive"),
        *("recall", "leave-vault", "come-home", "insert", "take-in"),
    ]
    # What came back can be read: the copy is restored from the very tape.
    offsite = next(copy for copy in copies(lab) if copy.offsite)
    target = lab.tape.folder / "restored"
    streams = {"disk0": {"target": {"file": str(target)}}, "manifest": {"target": {"discard": True}}}
    assert wait(lab.tape.jobs, lab.tape.jobs.restore(int(job_of(lab, offsite.id)), streams), seconds=60).good
    assert target.read_bytes() == (lab.tape.folder / f"{MACHINE}.disk0").read_bytes()


def test_a_wrong_case_an_extra_tape_and_a_broken_seal_are_found_and_nothing_of_them_moves(lab: VaultLab) -> None:
    lab.backup()
    tape = outgoing(lab)
    with lab.store() as store:
        before = len(store.chain.entries(kind="vault-scan"))
    wrong = lab.take_out(tape, "OSA002L8", case="CASE-MN-01")
    assert {(each.kind, each.tape) for each in wrong.done.troubles} == {("wrong-case", tape), ("extra", "OSA002L8")}
    assert lab.place(tape) == "exit-port"

    assert lab.scan("take-out", packed(lab, tape)).done.troubles == []
    assert lab.scan("hand-over", packed(lab, tape)).done.troubles == []
    open_case = lab.scan("arrive", "\n".join([CASE, "NOSEAL", tape]))
    assert [each.kind for each in open_case.done.troubles] == ["seal-broken"]
    other = lab.scan("arrive", "\n".join([CASE, "SEAL-0002", tape]))
    assert [each.kind for each in other.done.troubles] == ["wrong-seal"]
    missing = lab.scan("arrive", "\n".join([CASE, SEAL, "KYT999L8"]))
    assert [each.kind for each in missing.done.troubles] == ["unknown-tape", "missing"]
    assert lab.place(tape) == "courier"
    with lab.store() as store:
        # Each scan that showed a difference is in the chain, once.
        lab.scan("arrive", "\n".join([CASE, "NOSEAL", tape]))
        assert len(store.chain.entries(kind="vault-scan")) == before + 4
        assert store.chain.verify().ok


def test_a_tape_does_not_leave_while_its_key_has_no_proven_escrow() -> None:
    with vault_lab("escrow", escrow=False) as lab:
        lab.backup()
        outcome = lab.run()
        assert outcome.done.plan is not None
        assert outcome.done.plan.outgoing == ()
        assert [each.reason.en for each in outcome.done.plan.waiting] == ["key lgwan-g1 has no proven escrow"]
        assert lab.tape.library.inventory().doors[0].barcode is None
        with lab.store() as store:
            prove_escrow(store)
        assert len(lab.run().done.plan.outgoing) == 1  # type: ignore[union-attr]


def test_a_tape_is_given_free_only_when_nothing_keeps_it(lab: VaultLab) -> None:
    lab.backup()
    tape = outgoing(lab)
    with pytest.raises(VerbRefused, match="still needed"):
        lab.run("expire", tapes=(tape,), people=BOTH[:1])
    with pytest.raises(VerbRefused, match="cannot erase"):
        lab.run("erase", tapes=(tape,), people=BOTH[:1])
    lab.take_out(tape)
    # A second copy of the same day takes the place of the first one.
    lab.backup()
    newer = outgoing(lab)
    assert newer != tape
    assert tape in lab.run("expire", people=BOTH[:1]).text()
    lab.tape.lab.library.insert(tape)
    refused = lab.run("insert", tapes=(tape,), people=BOTH)
    assert [each.kind for each in refused.done.troubles] == ["extra"], "another tape waits in a port"
    lab.take_out(newer)
    assert lab.run("insert", tapes=(tape,), people=BOTH).done.troubles == []
    erased = lab.run("erase", tapes=(tape,), people=BOTH[:1], reason="reuse")
    assert erased.done.troubles == []
    assert lab.events(tape)[-1] == "erase"
    assert lab.tape.jobs.catalogue.jobs_on(tape) == []
    assert lab.tape.jobs.catalogue.volumes(tape)[0].pool == OFFSITE
    assert not [copy for copy in copies(lab) if tape in copy.tapes]
    assert "erased already" in lab.run("erase", tapes=(tape,), people=BOTH[:1]).text()


def test_a_copy_that_cannot_be_read_back_does_not_travel_and_is_made_again_elsewhere(lab: VaultLab) -> None:
    original = int(job_of(lab, lab.backup().id))
    wait(lab.tape.jobs, lab.tape.jobs.copy(original), seconds=60).check()
    (copied,) = lab.tape.jobs.catalogue.copies(original)
    (bad,) = copied.volumes
    lab.tape.library.unload(bad)
    lab.tape.lab.library.damage(bad, 300_000, 200_000)
    outcome = lab.run(media_seconds=12.0)
    assert {each.kind for each in outcome.done.troubles} == {"read-back-failed"}
    assert outcome.done.plan is not None
    assert at_exit(lab) == []
    assert [each.tape for each in outcome.done.plan.waiting] == [bad]
    assert not lab.run("damage", tapes=(bad,), reason="read-back failed").done.troubles
    again = lab.run("clear", tapes=(bad,), people=BOTH[:1], media_seconds=12.0)
    assert {each.kind for each in again.done.troubles} == {"read-back-failed"}
    assert lab.events(bad)[-1] == "damage", "what cannot be read stays damaged, whoever says otherwise"
    assert outgoing(lab) != bad


def test_a_tape_taken_for_damaged_counts_again_after_every_copy_on_it_was_read(lab: VaultLab) -> None:
    made = lab.backup()
    (tape,) = made.tapes
    neighbour = lab.backup("s35-db-2")
    before = next(copy for copy in copies(lab) if copy.id == made.id).read_back_at
    on_tape = [copy for copy in copies(lab) if tape in copy.tapes]
    read = readers(lab)
    lab.run("damage", tapes=(tape,), reason="a drive said so")
    cleared = lab.run("clear", tapes=(tape,), people=BOTH[:1])
    assert (cleared.done.read_back, cleared.done.troubles) == (len(on_tape), [])
    assert lab.events(tape)[-1] == "clear"
    copy = next(copy for copy in copies(lab) if copy.id == made.id)
    assert copy.read_back_ok
    assert copy.read_back_at is not None
    assert before is not None
    assert copy.read_back_at > before
    # The two machines' copies on one tape were read by one job.
    assert neighbour.tapes == (tape,)
    assert readers(lab) == read + len(on_tape) - 1

    # A bad one in such a job says nothing of the other: each is then read by a job of its own.
    with lab.store() as store:
        good, bad = store.copies.jobs([made.id, neighbour.id]).values()
    digests = {int(good.job): good.manifest_digest, int(bad.job): "0" * 64}
    proofs = read_back_jobs(lab.tape.jobs, digests, scratch=lab.tape.folder / "scratch")
    assert [proof.good for proof in proofs.values()] == [True, False]


def readers(lab: VaultLab) -> int:
    """How many jobs have read tapes for the client of the segment."""
    return len(lab.tape.jobs.catalogue.jobs(name=f"restore-{lab.tape.jobs.settings.clients[SEGMENT]}"))


def test_new_tapes_must_fit_pool_and_generation(lab: VaultLab) -> None:
    with pytest.raises(VerbRefused, match="no pool lgwan-onsite"):
        lab.register("lgwan-onsite", "OSA006L8")
    with pytest.raises(VerbRefused, match="L8 at the end"):
        lab.register(ONSITE, "OSA006L7")
    with pytest.raises(VerbRefused, match="belongs to pool lgwan-c3-offsite"):
        lab.register(ONSITE, "OSA003L8")


def job_of(lab: VaultLab, copy_id: int) -> str:
    with lab.store() as store:
        return store.copies.jobs([copy_id])[copy_id].job


def copies(lab: VaultLab) -> list[Copy]:
    with lab.store() as store:
        return store.copies.existing()
