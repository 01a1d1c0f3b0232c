"""When a wave may be given the content of a round."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Wave
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.promotion import promotion_refused
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import Content

NEW, OLD = "patch-2026-12", "patch-2026-11"
DIGEST = "a" * 64
# In another order than they come in.
WAVES = tuple(
    Wave(id=name, order=order, name=Text(ja="例", en="example"), basis="")
    for name, order in (("wave-1", 2), ("test", 0), ("canary", 1))
)


def refused(wave: str, approved: str | None = None, **channels: str) -> str | None:
    content = Content(
        snapshot=NEW,
        approved_by="主査",
        approved_on=date(2026, 12, 9),
        manifests={} if approved is None else {"lgwan": approved},
    )
    have = {name.replace("_", "-"): snapshot for name, snapshot in channels.items()}
    return promotion_refused(content, wave, WAVES, segment="lgwan", manifest_sha256=DIGEST, channels=have)


def test_the_first_wave_may_have_it_at_once() -> None:
    assert refused("test", test=OLD, canary=OLD, wave_1=OLD) is None


@pytest.mark.parametrize(("wave", "before"), [("canary", "test"), ("wave-1", "canary")])
def test_the_next_one_only_after_the_one_before(wave: str, before: str) -> None:
    channels = {"test": OLD, "canary": OLD, "wave_1": OLD}
    told = refused(wave, **channels)
    assert told == f"{before} has {OLD}: {wave} gets {NEW} after {before} has it"
    assert refused(wave, **{**channels, before: NEW}) is None


def test_a_wave_that_has_nobody_on_this_mirror_is_passed_over() -> None:
    assert refused("wave-1", test=NEW, wave_1=OLD) is None


def test_a_channel_that_is_not_there_is_named_with_those_that_are() -> None:
    assert refused("wave-9", test=OLD, canary=OLD) == "the mirror of lgwan has no channel wave-9: test, canary"


def test_another_content_than_the_approved_one_is_refused_for_every_wave() -> None:
    assert refused("test", approved=DIGEST, test=OLD) is None
    told = refused("test", approved="b" * 64, test=OLD)
    assert told is not None
    assert "aaaaaaaaaaaa" in told
    assert "bbbbbbbbbbbb" in told
