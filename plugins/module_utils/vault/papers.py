"""The papers of an order, written below the reports: work order, 媒体搬出票 and 媒体受領書."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Move, VaultPlan
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.vault import (
    Occasion,
    courier_manifests,
    work_orders,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import Order
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

TEMPLATES = Path("roles/vault/templates")


def write_papers(vault: Vault, orders: Sequence[Order]) -> None:
    """Write the papers of every order of the day; the same order gives the same papers."""
    folder = vault.request.reports / vault.day.isoformat()
    templates = vault.request.repository / TEMPLATES
    for order in orders:
        plan, occasion = with_ports(vault, order.plan), occasion_of(vault, order)
        _write(vault, folder / f"work-order-{order.first_sheet:02}.html", work_orders(templates, plan, occasion))
        text = courier_manifests(templates, plan, occasion)
        _write(vault, folder / f"courier-manifest-{order.first_sheet:02}.html", text)


def occasion_of(vault: Vault, order: Order) -> Occasion:
    """What the papers of an order say at their head."""
    platform = vault.estate.platform
    return Occasion(
        site=site_name(platform, vault.library_data.site),
        vault=site_name(platform, vault.site.site),
        courier=vault.site.courier,
        library=vault.library_data.id,
        permission=_permission(platform),
        anchor=order.anchor,
        commit=order.commit,
        seals=order.seals,
        pool_names={pool.id: pool.name.ja for pool in platform.media_pools},
        first_sheet=order.first_sheet,
    )


def with_ports(vault: Vault, plan: VaultPlan) -> VaultPlan:
    """The plan with the exit ports in which the tapes really are."""
    statuses = vault.store.custody.statuses({move.tape for move in plan.outgoing})

    def real(move: Move) -> Move:
        status = statuses.get(move.tape)
        return replace(move, port=int(status.position)) if status and status.place == "exit-port" else move

    return replace(plan, outgoing=tuple(real(move) for move in plan.outgoing))


def site_name(platform: Platform, site: str) -> str:
    """The Japanese name of a site."""
    return next((each.name for each in platform.sites if each.id == site and each.name), site)


def _permission(platform: Platform) -> str:
    """Who permits that tapes leave: the same for all classes that go off site (rule B-03)."""
    return "、".join(dict.fromkeys(item.offsite.permission for item in platform.backup_classes if item.offsite))


def _write(vault: Vault, file: Path, text: str) -> None:
    """A reader never sees half a page."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        raise VerbRefused(f"{file} cannot be written: {error.strerror}; the order stands, run it again") from error
    vault.done.files.append(file)
