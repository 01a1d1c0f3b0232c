"""The certificate of a drill on one page of A4, for the owner of the system and the auditors."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.papers.pages import render
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_certificate import Certificate


def certificate_page(repository: Path, certificate: Certificate, zone: ZoneInfo, anchor: str) -> str:
    """One HTML page in Japanese. `anchor`: head of the chain (ID:HASH) after the certificate was recorded."""
    folders = (repository / "roles/drill/templates", repository / "roles/vault/templates")
    return render(
        folders,
        "certificate.html.j2",
        certificate=certificate,
        began=certificate.began_at.astimezone(zone),
        ended=certificate.ended_at.astimezone(zone),
        anchor=anchor,
    )
