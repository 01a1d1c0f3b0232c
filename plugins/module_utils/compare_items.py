"""Compare everything that is not a machine: by kind and name, property by property."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Refusal, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.state import KINDS, Item
from ansible_collections.kyotsu.platform.plugins.module_utils.words import FIELDS

_NEVER_POINTED_ELSEWHERE = Text(
    en="a datastore is never pointed elsewhere: make a new one and move its machines",
    ja="データストアの接続先は変更しません。新しく作成し、仮想サーバを移してください",
)
_TEMPLATE_REPLACED = Text(
    en="a template is replaced by the image playbook, never changed in place",
    ja="テンプレートはその場で変更せず、イメージの playbook で差し替えます",
)

# What changing a property means for those who use the object. A text in place of a risk says why it is not done here.
_RISK: Mapping[tuple[str, str], str | Text] = {
    ("cluster", "ha"): "none",
    # Fully automated from one moment to the next: every machine of the cluster may be moved at once.
    ("cluster", "drs"): "outage",
    ("cluster", "host_failures_tolerated"): "none",
    ("host", "cluster"): Text(
        en="a host is moved between clusters by hand, in maintenance mode; then run foundation again",
        ja="ホストのクラスタ間の移動は、メンテナンスモードにして手作業で行い、foundation を再度実行してください",
    ),
    ("switch", "mtu"): "outage",
    ("switch", "uplinks"): Text(
        en="uplinks are cabled: change them by hand with the network team, then run foundation again",
        ja="アップリンクは配線を伴います。ネットワーク担当と手作業で変更し、foundation を再度実行してください",
    ),
    ("switch", "hosts"): "none",
    ("port_group", "vlan_id"): "outage",
    ("port_group", "switch"): Text(
        en="a port group cannot change its switch: make a new network and move its machines",
        ja="ポートグループのスイッチは変更できません。新しいネットワークを作成し、仮想サーバを移してください",
    ),
    ("datastore", "remote_host"): _NEVER_POINTED_ELSEWHERE,
    ("datastore", "remote_path"): _NEVER_POINTED_ELSEWHERE,
    ("datastore", "hosts"): "none",
    ("resource_pool", "cpu_shares"): "none",
    ("resource_pool", "memory_shares"): "none",
    ("tag_category", "cardinality"): Text(
        en="a tag category cannot be narrowed while tags are attached: make a new category",
        ja="付与済みのタグがある間、タグ区分の多重度は狭められません。新しい区分を作成してください",
    ),
    ("access_role", "privileges"): "none",
    ("template", "guest_id"): _TEMPLATE_REPLACED,
    ("template", "disk_gb"): _TEMPLATE_REPLACED,
    ("separation", "machines"): "none",
}

# Lists of members: what is missing is added; what is there beyond the description is only reported.
_MEMBERS = {("switch", "hosts"), ("datastore", "hosts")}

# Tags, attributes and roles of others are other people's business; so is what lies outside the kinds that we make.
_REPORT_UNMANAGED = {"cluster", "host", "switch", "port_group", "datastore", "resource_pool", "folder", "separation"}


@dataclass
class Difference:
    """What differs between two sets of objects."""

    changes: list[Change] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    unmanaged: list[Unmanaged] = field(default_factory=list)


def compare_items(vcenter: str, desired: Iterable[Item], observed: Iterable[Item]) -> Difference:
    """Differences in the order in which they can be applied (state.KINDS, then name)."""
    difference = Difference()
    there: dict[tuple[str, str], Item] = {}
    for item in observed:
        # vCenter allows two rules of one name; the first is the one whose id the reader keeps.
        there.setdefault((item.kind, item.name), item)
    wanted = {(item.kind, item.name): item for item in desired}
    for item in sorted(wanted.values(), key=_order):
        found = there.get((item.kind, item.name))
        if found is None:
            difference.changes.append(_creation(vcenter, item))
        else:
            _compare_properties(vcenter, item, found, difference)
    for key, item in sorted(there.items(), key=lambda pair: _order(pair[1])):
        if key not in wanted and item.kind in _REPORT_UNMANAGED:
            difference.unmanaged.append(Unmanaged(vcenter=vcenter, kind=item.kind, object=item.name, label=item.name))
    return difference


def _order(item: Item) -> tuple[int, int, str]:
    # A folder's parent has a shorter path.
    return KINDS.index(item.kind), item.name.count("/"), item.name


def _creation(vcenter: str, item: Item) -> Change:
    return Change(
        vcenter=vcenter,
        kind=item.kind,
        object=item.name,
        label=item.name,
        action="create",
        field="",
        before=None,
        after=dict(item.properties),
        risk="none",
        reason="described and not there",
    )


def _compare_properties(vcenter: str, wanted: Item, found: Item, difference: Difference) -> None:
    for name, after in sorted(wanted.properties.items()):
        before = found.properties.get(name)
        policy = found.properties.get("admission_policy") if name == "host_failures_tolerated" else None
        for change_or_reason in _property_differences(wanted.kind, name, before, after, policy):
            if isinstance(change_or_reason, Text):
                difference.refusals.append(
                    Refusal(
                        vcenter=vcenter,
                        kind=wanted.kind,
                        object=wanted.name,
                        label=wanted.name,
                        reason=Text(
                            en=f"{name} is {before!r}, described {after!r}: {change_or_reason.en}",
                            ja=f"{FIELDS[name]} は {before!r}（記述は {after!r}）: {change_or_reason.ja}",
                        ),
                    )
                )
            else:
                risk, target = change_or_reason
                difference.changes.append(
                    Change(
                        vcenter=vcenter,
                        kind=wanted.kind,
                        object=wanted.name,
                        label=wanted.name,
                        action="update",
                        field=name,
                        before=before,
                        after=target,
                        risk=risk,
                        reason="differs from the description",
                    )
                )


def _property_differences(
    kind: str, name: str, before: object, after: object, policy: object = None
) -> Iterator[Text | tuple[str, object]]:
    """For one property: (risk, value to set) and reasons for what is refused; nothing when they are equal.

    `policy` is what a cluster has in place of a number of host failures.
    """
    if before == after:
        return
    if policy:
        yield Text(
            en=f"admission control is of the type {policy}, which is not replaced by that number: change it by hand",
            ja=f"アドミッションコントロールの種類が {policy} で、この数に置き換えません。手作業で変更してください",
        )
        return
    if (kind, name) in _MEMBERS and isinstance(before, list) and isinstance(after, list):
        union = sorted({*before, *after})
        if union != sorted(before):
            yield "none", union
        extra = sorted(set(before) - set(after))
        if extra:
            yield Text(
                en=f"{', '.join(extra)} is a member and not described; take it out by hand or describe it",
                ja=f"{'、'.join(extra)} は記述にない構成員です。手作業で外すか、記述してください",
            )
        return
    risk = _RISK[(kind, name)]
    yield risk if isinstance(risk, Text) else (risk, after)
