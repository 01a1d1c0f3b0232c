"""Tapes of an order to the exit ports: closed, moved by the robot, recorded one by one as they are there."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused, admit
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Move
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed, CommandRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Slot
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import Order

STAYS = Text(
    ja="この媒体は運ばない。理由を除き、もう一度実行する", en="it does not travel; remove the reason and run it again"
)
ROBOT = Text(ja="ライブラリを確かめ、もう一度実行する", en="look at the library and run it again")


def eject(vault: Vault, orders: Sequence[Order]) -> None:
    """Move what is ordered and still inside to free exit ports, as many as there are; the rest is the next load."""
    waiting = [
        (order, move)
        for order in orders
        for move in sorted(order.plan.outgoing, key=lambda move: (move.load, move.port))
        if _is_to_go(vault, order, move)
    ]
    for number, (order, move) in enumerate(waiting):
        port = _port(vault, move.tape)
        if port is None:
            left = len(waiting) - number
            vault.done.say(
                f"{left} tapes are the next load: run it again when the exit ports are empty (step take-out)"
            )
            return
        try:
            _eject_one(vault, order, move, port)
        except CustodyRefused as error:
            vault.done.trouble("refused", str(error).partition(": ")[2], STAYS, tape=move.tape)
        except (ChangerFailed, CommandRefused) as error:
            vault.done.trouble("robot", str(error), ROBOT, tape=move.tape)


def _is_to_go(vault: Vault, order: Order, move: Move) -> bool:
    """Whether a tape is inside and was not ejected for this order: one that is home again stays."""
    sheet = order.sheet_of(move.tape, "out")
    history = vault.store.custody.history(move.tape)
    done = any(
        line.event.action == "eject" and sheet is not None and line.event.evidence.get("order") == sheet.number
        for line in history
    )
    return history[-1].status.place in {"slot", "drive"} and not done


def _eject_one(vault: Vault, order: Order, move: Move, port: int) -> None:
    sheet = order.sheet_of(move.tape, "out")
    number = sheet.number if sheet is not None else ""
    known = vault.know()
    status = known.statuses[move.tape]
    events = [vault.event(move.tape, "close")] if status.state == "writable" else []
    events.append(vault.event(move.tape, "eject", order=number, position=str(port)))
    # The ledger is asked before the robot moves: what it would refuse never leaves its slot.
    present = dict(known.statuses)
    for event in events:
        present[move.tape] = admit(present, event, known.facts)
    if vault.lease is not None:
        vault.lease.check()
    vault.progress(f"exit port {port}: {move.tape}")
    if status.state == "writable":
        vault.library.close(move.tape)
    there = port_number(vault, vault.library.export(move.tape))
    vault.record([*events[:-1], vault.event(move.tape, "eject", order=number, position=str(there))])


def _port(vault: Vault, tape: str) -> int | None:
    """The exit port in which a tape is already (a run was killed before it wrote so), else the first free one."""
    inventory = vault.library.inventory()
    place = inventory.place(tape)
    for number, door in enumerate(inventory.doors, 1):
        if isinstance(place, Slot) and place.number == door.number:
            return number
    free = set(inventory.free(import_export=True))
    return next((number for number, door in enumerate(inventory.doors, 1) if door.number in free), None)


def port_number(vault: Vault, slot: int) -> int:
    """The exit port's number of an import/export slot: operators count them from 1."""
    return 1 + [door.number for door in vault.library.inventory().doors].index(slot)
