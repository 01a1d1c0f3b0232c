"""A system of real guests with data retires for good: to tape, off site, deleted, and back from tape into a machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.run import run_handover
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin, current_actor
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import Side
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import Step, VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.run import run_vault
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_scratch import run_scratch_restore
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import live_vcenters
from tests.support.approvals import office
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.guest_lab import needs_guests
from tests.support.retiring import lines, right, seen
from tests.support.tapes import BOTH

pytestmark = needs_guests

SYSTEM, VCENTER = "s36", "vc-mynumber"
GOING = ("s36-ap01", "s36-db01")
SIDES: tuple[Side, ...] = ("onsite", "offsite")
STAYING, STAYING_VCENTER = "s13-ap01", "vc-kyotsu"
HASH = "sudo sha256sum /srv/last-words"
# Copies and tapes go by the clock, so only what comes after them is in the future.
NOW = datetime.now(UTC)
LAST_DAY = (NOW - timedelta(days=2)).date()
GRACE_OVER = NOW + timedelta(days=31)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    folder = tmp_path_factory.mktemp("leaving")
    with backup_lab(folder, "leaving", names=(*GOING, STAYING), backed_up=False) as found:
        yield found


def retire(lab: BackupLab) -> None:
    (file,) = (lab.services.estate_lab.repository / "systems").glob(f"{SYSTEM}-*.yml")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["status"] = "retiring"
    content["retirement"] = {
        "date": LAST_DAY.isoformat(),
        "reason": {"ja": "次期システムへ移行", "en": "Replaced"},
        "requested_by": "所管課",
        "approved_by": "情報政策室長",
        "last_copy_years": 5,
        "records": {
            "confirmed_on": LAST_DAY.isoformat(),
            "confirmed_by": "所管課",
            "retention_ended": True,
            "historical": "none",
        },
    }
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def advance(lab: BackupLab, reports: Path, now: datetime, **more: Any) -> Outcome:
    ask = right if more.pop("typing", False) else lambda _question: None
    request = Request(
        order=more.pop("order", "advance"),
        reports=reports,
        now=now,
        tape_settings=lab.tape_settings,
        scratch=reports / "scratch",
        **more,
    )
    return run_decommission(lab.target, request, ask=ask)


def vault(lab: BackupLab, folder: Path, step: Step, **more: Any) -> VaultOutcome:
    """One step of the verb vault."""
    target = lab.target
    request = VaultRequest(
        repository=target.repository,
        environment=target.environment,
        production=False,
        records_url=target.records_url,
        tape_settings=lab.tape_settings,
        scratch=folder / "scratch",
        reports=folder / "vault",
        step=step,
        media_seconds=60,
        **more,
    )
    outcome = run_vault(request)
    assert outcome.done.troubles == []
    return outcome


def test_a_system_of_guests_retires_and_its_last_copies_become_machines_again(lab: BackupLab, tmp_path: Path) -> None:
    services = lab.services
    for name in GOING:
        done = services.ssh(name, "sudo sh -c 'head -c 3000000 /dev/urandom > /srv/last-words && sync'")
        assert done.returncode == 0, done.stderr
    written = {name: services.ssh(name, HASH).stdout for name in GOING}
    assert len(set(written.values())) == len(GOING)
    other = seen(services.estate_lab, STAYING_VCENTER, STAYING)
    assert other is not None
    retire(lab)
    reports = tmp_path / "reports"

    # Called off once: both are back with what was written, and the copies that were made do not count any more.
    before = {name: seen(services.estate_lab, VCENTER, name) for name in GOING}
    found = lines(advance(lab, reports, NOW - timedelta(hours=1)))
    assert {found[f"{name}: verify"][0] for name in GOING} == {"changed"}, found
    assert not any(services.answers(name) for name in GOING)
    undone = advance(lab, reports, NOW - timedelta(minutes=50), order="undo", reason="late", names=list(GOING))
    assert {each.status for each in undone.results} == {"changed"}, lines(undone)
    services.wait_for_guests()
    assert {name: seen(services.estate_lab, VCENTER, name) for name in GOING} == before
    assert {name: services.ssh(name, HASH).stdout for name in GOING} == written

    found = lines(advance(lab, reports, NOW))
    assert {found[f"{name}: verify"][0] for name in GOING} == {"changed"}, found
    assert {found[f"{name}: copy-off-site"][0] for name in GOING} == {"held"}
    for name in GOING:
        machine = seen(services.estate_lab, VCENTER, name)
        assert machine is not None
        assert (machine["power"], set(machine["connected"])) == ("poweredOff", {False})
        assert lab.snapshots(name) == []
        assert not services.answers(name)

    # A tape for the side off site, and the nightly step: copies, each read back.
    vault(lab, tmp_path, "register", pool="mynumber-c3-offsite", tapes=("OSA010L8",), people=BOTH)
    assert vault(lab, tmp_path, "copy").done.copied >= len(GOING)
    made = office(services.estate_lab.repository, tmp_path / "keys")
    owner = load_estate(services.estate_lab.repository).estate.system_by_id[SYSTEM].owner
    made.appoint(login=current_actor(), p_003={"organisation": owner})
    plan = advance(lab, reports, GRACE_OVER)
    assert plan.digest, lines(plan)
    approval = made.write(
        digest=plan.digest,
        risk="destroy",
        systems=[SYSTEM],
        approved_at=NOW.isoformat(timespec="seconds"),
        valid_from=NOW.isoformat(timespec="seconds"),
        valid_until=(GRACE_OVER + timedelta(days=1)).isoformat(timespec="seconds"),
    )
    deleted = advance(lab, reports, GRACE_OVER, approval=approval, typing=True)
    assert {each.status for each in deleted.results} == {"changed"}, lines(deleted)
    assert [seen(services.estate_lab, VCENTER, name) for name in GOING] == [None, None]
    assert seen(services.estate_lab, STAYING_VCENTER, STAYING) == other
    assert services.answers(STAYING)

    # The machines are gone; each of their last copies, on either side, becomes one again that is equal to it.
    prepared = prepare(lab.target, GRACE_OVER)
    with lab.store() as store, live_vcenters(lab.target, prepared.desired) as live:
        (vcenter,) = [each for each in live if each.desired.id == VCENTER]
        cases = Retirements(store.database, store.chain).cases()
        for desired in vcenter.desired.machines:
            for side in SIDES if desired.name in GOING else ():
                # Its own folder went with it.
                scratch = replace(desired, folder="quarantine")
                restored = run_scratch_restore(
                    vcenter, scratch, lab.tape, store, Origin.here(run_id="scratch"), now=GRACE_OVER, side=side
                )
                assert restored.manifest_digest in cases[desired.key].done["back-up"].evidence["backup"]
    assert [seen(services.estate_lab, VCENTER, name) for name in GOING] == [None, None]

    # The handover knows: the system is ready, and its copies are in the sealed set with the years that they are kept.
    handover = run_handover(lab.target, reports=tmp_path / "handover", segments=["mynumber"], now=GRACE_OVER)
    states = {each.system: each.state for each in handover.systems}
    assert states[SYSTEM] == "retired"
    mine = [each for each in handover.sealed.copies if each.system == SYSTEM]
    assert {(each.name, each.side) for each in mine} == {
        (name, side) for name in GOING for side in ("on-site", "off-site")
    }
    assert {each.kept_until for each in mine} == {GRACE_OVER.date().replace(year=GRACE_OVER.year + 5).isoformat()}
    assert not set(GOING) & set(handover.sealed.missing)
