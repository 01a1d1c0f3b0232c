"""Which key a client of the tape software encrypts with: the one in its file when it was started. Pure.

The client reads its configuration and key once. After a rotation it goes on with the key before until somebody starts
it anew; a copy must not enter the records under a key that it was not written with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import (
    KeyStatus,
    current_key,
    split_key_id,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClient:
    """A client as it is. Times are seconds of the epoch; `changed` is that of its configuration or key, the later."""

    name: str
    started: int  # as it says itself, cut to whole seconds
    changed: float
    key_file: str
    fingerprint: str  # of the key in the file


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInUse:
    """The key that a client encrypts with as long as it was started at `started`."""

    key_id: str
    client: str
    started: int


def key_in_use(statuses: Mapping[str, KeyStatus], segment: str, client: RunningClient) -> KeyInUse | Text:
    """The key by the records that this client encrypts with, or why nothing is written with it.

    A file that was changed in the second in which the client was started counts as read by it.
    """
    name, file = client.name, client.key_file
    if int(client.changed) > client.started:
        started, changed = _time(client.started), _time(client.changed)
        return Text(
            en=f"client {name} runs since {started} with the key that it read then, and its configuration or {file} "
            f"was changed at {changed}: start the client anew, then run the backup again",
            ja=f"クライアント {name} は {started} の起動時に読んだ鍵で動作中ですが、設定又は {file} が {changed} に"
            "変更されています。クライアントを再起動してから、もう一度実行してください",
        )
    known = [
        key
        for key, status in statuses.items()
        if status.fingerprint == client.fingerprint and split_key_id(key)[0] == segment and not status.destroyed
    ]
    if not known:
        command = f"scripts/tape_keys.py rotate {segment} --key {file}"
        return Text(
            en=f"client {name} encrypts with a key of {file} that the records do not know as one of segment {segment}: "
            f"put the key of the records there and start the client anew, or finish a rotation with {command}",
            ja=f"クライアント {name} は、系統 {segment} の鍵として記録にない鍵（{file}）で暗号化します。"
            f"記録にある鍵を置いてクライアントを再起動するか、{command} で更新を終えてください",
        )
    newest = current_key(statuses, segment)
    if newest not in known:
        return Text(
            en=f"client {name} encrypts with {known[0]}, and the key of segment {segment} is {newest} by the records: "
            f"put {newest} into {file} and start the client anew",
            ja=f"クライアント {name} は {known[0]} で暗号化しますが、記録では系統 {segment} の鍵は {newest} です。"
            f"{file} に {newest} を置き、クライアントを再起動してください",
        )
    return KeyInUse(key_id=newest, client=name, started=client.started)


def no_key(segment: str) -> Text:
    """What is said where the records have no key that a segment could be written with."""
    command = f"scripts/tape_keys.py create {segment}"
    return Text(
        en=f"no key of segment {segment} is in the records: run {command}",
        ja=f"系統 {segment} の鍵が記録にありません。{command} で登録してください",
    )


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
