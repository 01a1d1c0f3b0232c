"""E-04: files that are backed up lie on a machine of their system, or on one host beside the platform."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import FileSource
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import suggest


def check_machines(estate: Estate, context: Context) -> Findings:
    """E-04: a source names exactly one of machine and host, and its machine belongs to its system."""
    for index, source in enumerate(estate.platform.file_sources):
        keys = ("file_sources", index)
        if (source.machine is None) == (source.host is None):
            yield context.finding(
                "E-04",
                (*keys, "machine"),
                source.id,
                Text(
                    en=f"{source.id}: either a machine or a host has the files, and {_named(source)} named",
                    ja=f"{source.id}: machine と host はどちらか一方だけを書きます",
                ),
                Text(
                    en="write the name of the machine and host: null, or machine: null and the host's name",
                    ja="仮想サーバの名前と host: null、又は machine: null と機器のホスト名を書いてください",
                ),
            )
            continue
        system = estate.system_by_id.get(source.system)
        known = {machine.name for machine in system.machines} if system else set()
        if source.machine is None or system is None or source.machine in known:
            continue
        yield context.finding(
            "E-04",
            (*keys, "machine"),
            source.id,
            Text(
                en=f'{source.id}: "{source.machine}" is no machine of {source.system}',
                ja=f"{source.id}: 「{source.machine}」という仮想サーバは {source.system} にありません",
            ),
            suggest(source.machine, known)
            or Text(en="name a machine of its system", ja="そのシステムの仮想サーバの名前を書いてください"),
        )


def _named(source: FileSource) -> str:
    return "none is" if source.machine is None else "both are"
