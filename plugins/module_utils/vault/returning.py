"""Tapes that came home go into the library: seen in an import slot, recorded, taken in by the robot, recorded."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Inventory, Slot
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.events import named
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import last_day, orders_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

OUT_OF_DOOR = Text(
    ja="搬入口から出し、台帳のどの媒体かを確かめる。それまで何も取り込まない",
    en="take it out of the port and find out which tape it is; nothing is taken in before",
)
PUT_IN = Text(ja="搬入口に挿入し、もう一度実行する", en="put it into an import port and run it again")


def insert(vault: Vault) -> None:
    """Take in what is in the import ports, if all of it came home; tell what is missing. The library reads barcodes."""
    request = vault.request
    request.require(people=request.people)
    statuses = vault.store.custody.statuses()
    expected = _expected(vault)
    inventory = vault.library.inventory()
    strangers = [
        door.barcode or f"a tape without a barcode in port {number}"
        for number, door in enumerate(inventory.doors, 1)
        if door.barcode is not None and door.barcode not in expected
    ]
    for stranger in strangers:
        vault.done.trouble("extra", "is in an import port and did not come home", OUT_OF_DOOR, tape=stranger)
    ports = {door.barcode: number for number, door in enumerate(inventory.doors, 1) if door.barcode in expected}
    inside = {tape for tape in expected if _in_slot(inventory, tape)}
    for tape in sorted(expected - set(ports) - inside):
        vault.done.trouble("missing", "is in no import port", PUT_IN, tape=tape)
    vault.done.changed = bool(ports or inside) and not strangers
    if request.check or strangers:
        vault.done.say(f"insert: {len(ports)} tapes in the import ports")
        return
    for tape, port in sorted((tape, port) for tape, port in ports.items() if tape is not None):
        if statuses[tape].place == "hand-over":
            order = _order_number(vault, tape)
            vault.record([vault.event(tape, "insert", request.people, order=order, position=str(port))])
    vault.library.take_in()
    _record_slots(vault, expected)


def _record_slots(vault: Vault, expected: frozenset[str]) -> None:
    """Where the robot put each; also for tapes that it took in before a run was killed."""
    inventory = vault.library.inventory()
    statuses = vault.store.custody.statuses(expected)
    taken = []
    for tape, status in sorted(statuses.items()):
        place = inventory.place(tape)
        if status.place == "exit-port" and isinstance(place, Slot) and not place.import_export:
            vault.record([vault.event(tape, "take-in", position=str(place.number))])
            taken.append(f"{tape} in slot {place.number}")
    vault.done.say(f"taken in: {', '.join(taken) or 'nothing'}")


def _expected(vault: Vault) -> frozenset[str]:
    """Tapes that are to be put in: named ones, else those of the day's order that came home, and what was found."""
    known = vault.know()
    if vault.request.tapes:
        tapes = named(known, vault.request.tapes)
        return frozenset(tape for tape in tapes if known.statuses[tape].place in {"hand-over", "exit-port"})
    day = vault.request.day or last_day(vault.store)
    incoming = {move.tape for order in (orders_of(vault.store, day) if day else []) for move in order.plan.incoming}
    if not incoming:
        raise VerbRefused("no order brings tapes back: name them with tapes, or give the day of their order")
    return frozenset(tape for tape in incoming if known.statuses[tape].place in {"hand-over", "exit-port"})


def _in_slot(inventory: Inventory, tape: str) -> bool:
    place = inventory.place(tape)
    return isinstance(place, Slot) and not place.import_export


def _order_number(vault: Vault, tape: str) -> str:
    day = vault.request.day or last_day(vault.store)
    for order in orders_of(vault.store, day) if day else []:
        sheet = order.sheet_of(tape, "in")
        if sheet is not None:
            return sheet.number
    return vault.request.document or "without order"
