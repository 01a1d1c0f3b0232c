"""A tiny DNS client on the standard library: one question over UDP, the answer as text."""

from __future__ import annotations

import secrets
import socket
import struct
from dataclasses import dataclass

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "AXFR": 252}
_NAMES = {number: name for name, number in TYPES.items()}
CODES = {0: "NOERROR", 3: "NXDOMAIN", 5: "REFUSED"}


@dataclass(frozen=True)
class Answer:
    """`code`: NOERROR, NXDOMAIN …; `records`: "name TYPE value" of the answer section, names without the last dot."""

    code: str
    is_authoritative: bool
    records: tuple[str, ...]


def query(server: str, port: int, name: str, kind: str = "A", seconds: float = 5) -> Answer:
    """Ask the server; TimeoutError if it does not answer."""
    identity = secrets.randbelow(1 << 16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    message = struct.pack("!6H", identity, 0, 1, 0, 0, 0) + labels + struct.pack("!2H", TYPES[kind], 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(seconds)
        connection.connect((server, port))
        connection.send(message)
        data = connection.recv(4096)
    answered, flags, questions, answers, _, _ = struct.unpack_from("!6H", data)
    assert (answered, questions) == (identity, 1)
    _, place = _name(data, 12)
    place += 4
    records = []
    for _ in range(answers):
        owner, place = _name(data, place)
        number, _, _, length = struct.unpack_from("!2HIH", data, place)
        place += 10
        records.append(f"{owner} {_NAMES[number]} {_value(data, place, number)}")
        place += length
    return Answer(CODES.get(flags & 15, str(flags & 15)), bool(flags & 0x0400), tuple(records))


def _value(data: bytes, place: int, number: int) -> str:
    if number == TYPES["A"]:
        return socket.inet_ntoa(data[place : place + 4])
    text, place = _name(data, place)
    if number == TYPES["SOA"]:
        contact, place = _name(data, place)
        return f"{text} {contact} {struct.unpack_from('!I', data, place)[0]}"
    return text


def _name(data: bytes, place: int) -> tuple[str, int]:
    """(name, place after it); a name may end in a pointer to an earlier one."""
    labels = []
    while (length := data[place]) != 0:
        if length & 0xC0:
            rest, _ = _name(data, struct.unpack_from("!H", data, place)[0] & 0x3FFF)
            return ".".join([*labels, rest]), place + 2
        labels.append(data[place + 1 : place + 1 + length].decode())
        place += 1 + length
    return ".".join(labels), place + 1
