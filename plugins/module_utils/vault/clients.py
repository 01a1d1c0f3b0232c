"""The clients of the tape software as they run: since when, and with which key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import (
    KeyInUse,
    RunningClient,
    key_in_use,
    no_key,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import KeyStatus, current_key
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ClientUnreachable, SettingsMissing
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.keys import KeyRefused, fingerprint

# Words of the tape software's configuration are the same in any case and with any spaces.
_KEY_PAIR = re.compile(r'^\s*PKI\s*Key\s*Pair\s*=\s*"?([^"\n;]+?)"?\s*;?\s*$', re.MULTILINE | re.IGNORECASE)


def keys_in_use(
    tape: TapeJobs, statuses: Mapping[str, KeyStatus], segments: Iterable[str]
) -> dict[str, KeyInUse | Text]:
    """By segment the key that its client encrypts with, or why nothing may be written with it now.

    Raises TapeError where the director does not answer, or the settings do not say which configuration a client has.
    """
    found: dict[str, KeyInUse | Text] = {}
    for segment in sorted(set(segments)):
        client = tape.settings.clients.get(segment)
        if client is None:
            found[segment] = _no_client(segment)
            continue
        if current_key(statuses, segment) is None:
            found[segment] = no_key(segment)
            continue
        try:
            found[segment] = key_in_use(statuses, segment, running_client(tape, client))
        except (ClientUnreachable, KeyRefused) as error:
            found[segment] = Text(en=str(error), ja=str(error))
    return found


def running_client(tape: TapeJobs, client: str) -> RunningClient:
    """A client as it runs, and the key in the file that its configuration names.

    Raises ClientUnreachable, SettingsMissing, and KeyRefused where configuration or key cannot be read.
    """
    started = tape.console.client_started(client)
    named = tape.settings.client_configurations.get(client)
    if named is None:
        raise SettingsMissing(
            f"client_configurations of the tape settings names no file for {client}: without it nobody knows which key "
            "it encrypts with"
        )
    configuration = Path(named)
    try:
        text = configuration.read_text(encoding="utf-8")
        pair = _KEY_PAIR.search(text)
        if pair is None:
            raise KeyRefused(f"{configuration}: names no PKI Keypair, so that {client} encrypts nothing")
        file = Path(pair.group(1))
        # Of a change of name, mode or content: a key that is moved into place keeps its other times.
        changed = max(configuration.stat().st_ctime, file.stat().st_ctime)
    except OSError as error:
        raise KeyRefused(f"{error.filename}: {error.strerror}, so that the key of {client} is not known") from error
    return RunningClient(
        name=client, started=started, changed=changed, key_file=str(file), fingerprint=fingerprint(file)
    )


def _no_client(segment: str) -> Text:
    return Text(
        en=f"the tape software has no client of segment {segment}: see docs/production.md",
        ja=f"系統 {segment} のクライアントがありません（docs/production.md を参照）",
    )
