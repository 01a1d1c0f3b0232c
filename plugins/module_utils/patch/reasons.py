"""Why a machine cannot be patched at a time, in both languages. One function per reason; the codes are stable."""

from __future__ import annotations

from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Cluster, Freeze, Window
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer, Reason


def frozen_until(freeze: Freeze, last_day: date) -> Reason:
    """A freeze holds on every day that its window offers."""
    return Reason(
        code="frozen",
        text=Text(
            en=f"frozen ({freeze.name.en}) until {last_day:%m-%d}",
            ja=f"作業禁止期間（{freeze.name.ja}）{last_day:%m-%d} まで",
        ),
    )


def no_slot(window: Window, earliest: date, latest: date) -> Reason:
    """The window does not open between the start of the wave and the end of the round."""
    return Reason(
        code="no-slot",
        text=Text(
            en=f"window {window.id} does not open from {earliest} to {latest}, the rest of this round for its wave",
            ja=f"作業時間帯「{window.name.ja}」は、この適用グループに残る期間（{earliest}〜{latest}）に開かない",
        ),
    )


def too_short(window: Window, minutes: int) -> Reason:
    """The window opens but is shorter than one machine takes."""
    return Reason(
        code="too-short",
        text=Text(
            en=f"window {window.id} has {window.duration_minutes} minutes and one machine takes {minutes}",
            ja=f"作業時間帯「{window.name.ja}」は {window.duration_minutes} 分しかなく、一台に {minutes} 分かかる",
        ),
    )


def window_full(window: Window, cluster: str, at_once: int) -> Reason:
    """All places in the window are taken."""
    return Reason(
        code="window-full",
        text=Text(
            en=f"window {window.id} is full: cluster {cluster} takes {at_once} machines at once",
            ja=f"作業時間帯「{window.name.ja}」は満杯（クラスタ {cluster} の同時作業は {at_once} 台まで）",
        ),
    )


def backup_runs(window: Window) -> Reason:
    """Its own backup runs at that time (rule A-01)."""
    return Reason(
        code="backup-runs",
        text=Text(
            en=f"its backup runs then (window {window.id})",
            ja=f"その時間はバックアップ中（作業時間帯「{window.name.ja}」）",
        ),
    )


def pair_busy(mate: str) -> Reason:
    """The other machine of its pair is patched at that time (rule A-02)."""
    return Reason(
        code="pair-busy",
        text=Text(
            en=f"{mate}, the other of its pair, is patched then", ja=f"冗長化の相手 {mate} に適用中のため同時にできない"
        ),
    )


def comes_after(what: str) -> Reason:
    """What it stands on is patched first, in the same opening of the window."""
    return Reason(
        code="comes-after",
        text=Text(
            en=f"comes after {what}, for which the window has no time left", ja=f"{what} の後に適用する時間が残らない"
        ),
    )


def snapshot_space(tier: str, needed_gb: float, free_gb: float) -> Reason:
    """The snapshot reserve of its datastores is used up by other snapshots at that time."""
    return Reason(
        code="snapshot-space",
        text=Text(
            en=f"snapshots need {needed_gb:.0f} GiB on tier {tier} and {free_gb:.0f} GiB of the reserve are left",
            ja=f"階層 {tier} のスナップショット予備領域が不足（必要 {needed_gb:.0f} GiB、残り {free_gb:.0f} GiB）",
        ),
    )


def no_failover(cluster: Cluster) -> Reason:
    """The cluster could not carry the loss of a host even without a patch (rule K-01)."""
    return Reason(
        code="no-failover",
        text=Text(
            en=f"cluster {cluster.name} does not carry the loss of {cluster.host_failures_tolerated} host(s): "
            "make room first",
            ja=f"クラスタ {cluster.name} はホスト {cluster.host_failures_tolerated} 台の停止に耐えられないため、"
            "先に余裕を確保する",
        ),
    )


def not_answered() -> Reason:
    """The owner has not said whether the content applies."""
    return Reason(
        code="not-answered",
        text=Text(
            en="the owner has not answered whether it applies: escalate", ja="適用可否の回答がない（上位者へ照会する）"
        ),
    )


def declined(answer: Answer) -> Reason:
    """The owner has said no."""
    because = f": {answer.reason}" if answer.reason else ""
    return Reason(
        code="declined",
        text=Text(
            en=f"declined by {answer.by} on {answer.answered_on}{because}",
            ja=f"適用否（{answer.by}、{answer.answered_on} 回答）{because}",
        ),
    )


def left_out(answer: Answer) -> Reason:
    """The owner has taken this machine out of the round."""
    return Reason(
        code="left-out",
        text=Text(
            en=f"left out by {answer.by} on {answer.answered_on}",
            ja=f"所管課が対象から除外（{answer.by}、{answer.answered_on} 回答）",
        ),
    )


def switched_off() -> Reason:
    """A machine that is off cannot be patched."""
    return Reason(
        code="switched-off",
        text=Text(
            en="it is described as switched off: switch it on for a window first",
            ja="電源断の定義であるため、作業時間帯に先に起動する",
        ),
    )


def not_in_service(status: str) -> Reason:
    """Planned machines do not exist yet; retiring ones go with the versions that they have."""
    words = {"planned": ("is not built yet", "未構築"), "retiring": ("is retiring", "廃止手続中")}
    en, ja = words.get(status, (f"has status {status}", f"状態 {status}"))
    return Reason(code="not-in-service", text=Text(en=f"it {en}", ja=ja))
