"""The verb vault: one step, under its lock, with every refusal as one message."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.courier import NoCourierDay
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import NoPool
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.scans import ScanRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import Action
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.clearing import clear
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.ending import destroy, erase, expire, stop_writing
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.events import report
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.ordering import copy_due, order_day
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.registering import register
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import SCANNED, STEPS, Step, VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.returning import insert
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.scanning import take_scan
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.commit import describe_commit
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

_REFUSALS = (CustodyRefused, ScanRefused, NoCourierDay, NoPool, TapeError)
_STEPS: Mapping[Step, Callable[[Vault], None]] = {
    "order": order_day,
    "copy": copy_due,
    "register": register,
    "insert": insert,
    "expire": expire,
    "erase": erase,
    "destroy": destroy,
    "clear": clear,
    **dict.fromkeys(SCANNED, take_scan),
}


def run_vault(request: VaultRequest) -> VaultOutcome:
    """Carry out one step; the outcome tells what needs a person.

    Raises:
        InvalidEstate: the repository's data has errors.
        VerbRefused: the step cannot be done; nothing was done after what the message names.
        RecordsError: the records do not answer, the chain is broken, or another run holds the lock.
    """
    started = time.monotonic()
    if request.step not in STEPS:
        raise VerbRefused(f"step {request.step} is none; known are {', '.join(STEPS)}")
    if request.production and request.now is not None and not request.check:
        raise VerbRefused("now: in production a run that writes goes by the clock; leave it out, or use --check")
    moment = request.now or datetime.now(UTC)
    loaded = load_estate(
        request.repository,
        as_of=moment.astimezone(ZoneInfo("Asia/Tokyo")).date(),
        cache_directory=request.cache_directory,
    )
    commit = describe_commit(request.repository, loaded.fingerprint)
    origin = Origin.here(run_id=uuid.uuid4().hex[:12], commit=commit)
    with ExitStack() as stack:
        store = stack.enter_context(
            open_store(request.records_url, production=request.production, create=not request.check)
        )
        lease = None
        if not request.check:
            # One run moves tapes; backups that write other tapes at the same time do not disturb it.
            wanted = store.locks.acquire(
                [f"{request.environment}/vault"], owner=origin.actor, run_id=origin.run_id, commit=commit
            )
            lease = stack.enter_context(wanted)
        vault = Vault(request, loaded.estate, store, origin, lease)
        try:
            _step(request.step)(vault)
        except _REFUSALS as error:
            raise VerbRefused(_with_progress(vault, str(error))) from error
        day = str(vault.done.plan.day) if vault.done.plan else ""
    return VaultOutcome(step=request.step, day=day, done=vault.done, seconds=time.monotonic() - started)


def _step(step: Step) -> Callable[[Vault], None]:
    if step in _STEPS:
        return _STEPS[step]
    action = cast(Action, step)  # every step that has no function of its own is an action of the ledger
    if step in {"damage", "retire"}:
        return lambda vault: stop_writing(vault, action)
    return lambda vault: report(vault, action)


def _with_progress(vault: Vault, message: str) -> str:
    """A step that ends half way says how far it came: the next run goes on from there."""
    done = vault.done
    if not done.changed or vault.request.check:
        return message
    return (
        f"{message} (before that: {done.copied} copies made, {done.read_back} read back, {done.recorded} events "
        "recorded; run it again to go on)"
    )
