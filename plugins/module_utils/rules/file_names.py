"""E-01: the file's name is the system's key, so that a person finds the file without searching."""

from __future__ import annotations

from pathlib import PurePosixPath

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """A file is named <id>.yml, or <id>-<slug>.yml where the system has a slug."""
    for index, system in enumerate(estate.systems):
        stem = PurePosixPath(context.system_documents[index].file).stem
        wanted = f"{system.id}-{system.slug}" if system.slug else system.id
        if stem == wanted:
            continue
        yield context.finding(
            "E-01",
            ("systems", index, "id"),
            system.id,
            Text(
                en=f'the file is named "{stem}.yml", but describes {system.id}',
                ja=f"ファイル名は「{stem}.yml」ですが、内容は {system.id} です",
            ),
            Text(
                en=f"rename it to {wanted}.yml, or correct id and slug if the name is right",
                ja=f"{wanted}.yml に改名するか、ファイル名が正しければ id と slug を直してください",
            ),
        )
