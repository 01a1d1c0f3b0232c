"""Copies for off site that are not made, and why; those that are made are test_vault_run's."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.copying import make_copies
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.due import DueCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import VaultRequest
from tests.support.small_estate import AS_OF
from tests.support.tapes import make_copy
from tests.support.vault_desk import ORIGIN, POOL, Desk


def test_what_refers_to_a_copy_that_is_not_off_site_is_of_no_use_there(desk: Desk) -> None:
    request = VaultRequest(
        repository=desk.repository,
        environment="lab",
        production=False,
        records_url=desk.url,
        tape_settings=desk.folder / "no-settings.json",
        scratch=desk.folder / "scratch",
        reports=desk.folder / "reports",
        step="order",
    )
    due = DueCopy(replace(make_copy(2), needs=(1,)), POOL)
    with desk.store() as store:
        estate = load_estate(desk.repository, as_of=AS_OF).estate
        vault = Vault(request, estate, store, ORIGIN, lease=None)
        make_copies(vault, [due])  # the tape software is not even asked
    (trouble,) = vault.done.troubles
    assert "has no copy off site" in trouble.message
    assert (vault.done.copied, vault.done.changed) == (0, False)
