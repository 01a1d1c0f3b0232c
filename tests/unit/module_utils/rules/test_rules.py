"""Every rule has an edit of the valid small estate that breaks it, and nothing but it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.catalogue import CHECKS, run
from tests.support.small_estate import AS_OF, S02, S13, VDI, copy_small, edit

Edit = tuple[str, str, str]

NETWORKS = "platform/networks.yml"
CLUSTERS = "platform/clusters.yml"
POLICY = "platform/policy.yml"
FLOWS = "platform/flows.yml"
K_02 = (
    "  - {id: K-02, severity: error, status: ours, source: vmware, text: {ja: 容量, en: Space}, "
    "remedy: {ja: 減らす, en: Lower}, checked: true}\n"
)
EXCEPTION = (
    "exceptions:\n  - {{id: x-001, rule: {rule}, object: {thing}, reason: {{ja: 理由, en: Reason}}, approver: 室長, "
    'expires: "{expires}"}}\n'
)

# rule, severity, edits, part of the message
BROKEN: dict[str, tuple[str, str, list[Edit], str]] = {
    "the slug is missing from the file's name": (
        "E-01", "error", [(S13, "slug: common-codes", "slug: codes")], 'named "s13-common-codes.yml"',
    ),
    "unknown cluster": ("E-04", "error", [(S13, "cluster: kyotsu-lgwan", "cluster: kyotsu-lgwn")], "no cluster"),
    "unknown resource pool": (
        "E-04", "error", [(S02, "resource_pool: critical", "resource_pool: standard")], "no resource pool",
    ),
    "unknown flavour": ("E-04", "error", [(S13, "flavour: m8", "flavour: m9")], 'no flavour "m9"'),
    "unknown image": ("E-04", "error", [(S13, "image: debian-12", "image: debian-13")], "no image"),
    "unknown wave": ("E-04", "error", [(S13, "wave: canary", "wave: canery")], "no wave"),
    "unknown window": ("E-04", "error", [(S13, "window: saturday-night", "window: friday-night")], "no window"),
    "unknown freeze": ("E-04", "error", [(S02, "[s02-payment]", "[s03-payment]")], "no freeze"),
    "unknown backup class": ("E-04", "error", [(S13, "class: tape-daily", "class: tape-hourly")], "no backup class"),
    "unknown system needed": ("E-04", "error", [(S02, "system: s13", "system: s14")], 'no system "s14"'),
    "unknown external service": ("E-04", "error", [(S02, "external: atena", "external: atene")], "no external service"),
    "unknown network of a pool": ("E-04", "error", [(VDI, "lgwan-desktops", "lgwan-desks")], "no network"),
    "a tier without datastores in the cluster": (
        "E-04", "error", [(S13, "tier: standard", "tier: fast")], 'no datastore of tier "fast"',
    ),
    "unknown tier": ("E-04", "error", [(S13, "tier: standard", "tier: standart")], "no storage tier"),
    "unknown parent unit": (
        "E-04", "error", [("platform/organisations.yml", "parent: org-202", "parent: org-222")], "no organisation",
    ),
    "unknown switch of a network": (
        "E-04", "error", [(NETWORKS, "switch: dvs-lgwan", "switch: dvs-lgwn")], "no switch",
    ),
    "unknown hypervisor": ("E-04", "error", [(CLUSTERS, "hypervisor: esxi-8", "hypervisor: esxi-9")], "no hypervisor"),
    "unknown end of a flow": (
        "E-04", "error", [(FLOWS, "destination: lgwan-servers", "destination: lgwan-server")], "is no network",
    ),
    "unknown source of a rule": ("E-04", "error", [(POLICY, "source: vmware", "source: vmwere")], "no source"),
    "a day that is not in the calendar": (
        "E-05", "error", [(FLOWS, "2028-03-31", "2028-02-30")], "2028-02-30 is not a day",
    ),
    "a unit that ends before it begins": (
        "E-05", "error", [("platform/organisations.yml", "2024-03-31", "2014-03-31")], "before it begins",
    ),
    "an address of another network": (
        "E-06", "error", [(S13, "198.18.128.240", "198.18.129.240")], "is not in lgwan-servers",
    ),
    "an address outside the range for machines": (
        "E-06", "error", [(S13, "198.18.128.240", "198.18.128.9")], "outside the range for machines",
    ),
    "the address of the gateway": ("E-06", "error", [(S13, "198.18.128.240", "198.18.128.1")], "is the gateway"),
    "the broadcast address": ("E-06", "error", [(S13, "198.18.128.240", "198.18.128.255")], "broadcast address"),
    "a network that does not reach the cluster": (
        "E-06", "error", [(NETWORKS, "clusters: [kyotsu-lgwan]", "clusters: [spare-lgwan]")], "does not reach",
    ),
    "a gateway outside its network": (
        "E-06", "error", [(NETWORKS, "gateway: 198.18.128.1", "gateway: 198.18.127.1")], "the gateway 198.18.127.1",
    ),
    "a range that holds the gateway": (
        "E-06", "error", [(NETWORKS, "start: 198.18.128.11", "start: 198.18.128.1")], "holds the gateway",
    ),
    "networks that overlap": (
        "E-06", "error",
        [(NETWORKS, "cidr: 198.19.128.0/24", "cidr: 198.18.128.0/20"), (NETWORKS, "198.19.128.1", "198.18.140.1"),
         (NETWORKS, "start: 198.19.128.11, end: 198.19.128.254", "start: 198.18.140.11, end: 198.18.140.254")],
        "overlaps 198.18.128.0/20 of management",
    ),
    "more desktops than addresses": (
        "E-06", "error", [(NETWORKS, "end: 198.18.129.110", "end: 198.18.129.20")], "has 10 addresses for 20",
    ),
    "an owner that has ended": (
        "E-07", "error", [(S13, "owner: org-302", "owner: org-390")], "ended on 2024-03-31",
    ),
    "a pair of one": ("E-08", "error", [(S02, "    pair: ap\n", "")], "the only machine of the pair"),
    "a pair larger than the cluster": (
        "E-08", "error", [(S02, "    role: db\n", "    role: db\n    pair: ap\n")], "needs 3 hosts",
    ),
    "systems that need each other": (
        "E-09", "error",
        [(S13, "machines:\n", "depends_on:\n  - {system: s02, reason: {ja: 逆, en: Back}}\nmachines:\n")],
        "s02 -> s13 -> s02",
    ),
    "a VLAN used twice": ("E-10", "error", [(NETWORKS, "vlan_id: 215", "vlan_id: 210")], "is already lgwan-servers"),
    "a datastore of another vCenter": (
        "E-10", "error",
        [("platform/storage.yml", "fast-01, vcenter: vc-mynumber", "fast-01, vcenter: vc-kyotsu")],
        "is of vc-kyotsu, but kyotsu-mynumber of vc-mynumber",
    ),
    "an exception that is over": (
        "E-11", "error", [(POLICY, "exceptions: []", EXCEPTION.format(rule="K-01", thing="s13", expires="2026-11-23"))],
        "ended on 2026-11-23",
    ),
    "a new machine on an unsupported image": (
        "Y-01", "error", [(S13, "status: in-service", "status: planned"), (S13, "debian-12", "debian-10")],
        "support of Debian 10 ended on 2024-06-30",
    ),
    "an old machine on an unsupported image": (
        "Y-01", "warning", [(S13, "image: debian-12", "image: debian-10")], "support of Debian 10 ended",
    ),
    "a hypervisor without support": (
        "Y-01", "warning",
        [("platform/images.yml", 'regular: "2027-10-11"', 'regular: "2026-10-11"'),
         (CLUSTERS, "name: kyotsu-lgwan\n", "name: kyotsu-lgwan\n")],
        "support of ESXi 8 ended",
    ),
    "a machine's name used twice": ("Y-02", "error", [(S02, "name: s02-ap01", "name: s02-ap02")], "is already used by"),
    "a machine's key used twice": ("Y-02", "error", [(S02, "key: s02-ap-1", "key: s02-ap-2")], "the key s02-ap-2"),
    "a MAC address used twice": (
        "Y-02", "error",
        [(S13, "address: 198.18.128.240}", 'address: 198.18.128.240, mac: "00:50:56:13:00:40"}')],
        "MAC address 00:50:56:13:00:40",
    ),
    "a pool named like a machine": ("Y-02", "error", [(VDI, "vdi-lgwan-staff", "s13-db01")], "the name s13-db01"),
    "a report number used twice": ("Y-02", "error", [(S13, "number: 13", "number: 2")], "report number 2"),
    "a host named twice": ("Y-02", "error", [(CLUSTERS, "name: esx02", "name: esx01")], "the name esx01"),
    "a machine in a network of another segment": (
        "L-01", "error", [(NETWORKS, "    segment: lgwan\n", "    segment: internet\n")], "is in segment internet",
    ),
    "a cluster in the vCenter of other segments": (
        "L-02", "error", [("platform/vcenters.yml", "segments: [mynumber]", "segments: [internet]")], "not mynumber",
    ),
    "a hosted system in the management network": (
        "L-03", "warning",
        [(S13, "nics: [{network: lgwan-servers, address: 198.18.128.240}]",
          "nics: [{network: lgwan-servers, address: 198.18.128.240}, {network: management, address: 198.19.128.40}]")],
        "is a management network",
    ),
    "a flow whose registration is over": (
        "L-03", "warning", [(FLOWS, "2028-03-31", "2026-03-31")], "the registration ended",
    ),
    "a cluster of another segment": (
        "L-06", "error", [(CLUSTERS, "    segment: lgwan\n", "    segment: internet\n")], "is for internet",
    ),
    "a required copy that stays on site": ("B-04", "error", [(S02, "offsite: true", "offsite: false")], "子ども家庭局"),
    "a required copy without a class for it": (
        "B-04", "error", [(S02, "class: tape-daily-offsite", "class: tape-daily")], "needs a copy off site",
    ),
    "a promise that the class does not keep": (
        "B-04", "error", [(S13, "offsite: false", "offsite: true")], "keeps all copies on site",
    ),
    "more memory than one host less has": (
        "K-01", "error", [(S02, "memory_gb: 6", "memory_gb: 117")], "129 GiB of memory described, 128 GiB left",
    ),
    "more processors than one host less has": (
        "K-01", "error", [(S02, "cpu: 3", "cpu: 61")], "65 vCPU of CPU described, 64 vCPU left with 1 of 2",
    ),
    "more disk than the fill limit leaves": (
        "K-02", "error", [(S02, "size_gb: 200", "size_gb: 701")], "701 GiB described, 700 GiB usable of 1000 GiB",
    ),
    "a term that is over": (
        "T-01", "warning", [("platform/equipment.yml", "2030-03-31", "2026-11-23")], "ended on 2026-11-23",
    ),
}  # fmt: skip


def broken(tmp_path: Path, edits: list[Edit]) -> Path:
    repository = copy_small(tmp_path)
    for file, old, new in edits:
        edit(repository, file, old, new)
    return repository


@pytest.mark.parametrize("situation", BROKEN)
def test_exactly_this_rule_speaks(situation: str, tmp_path: Path) -> None:
    rule, severity, edits, message = BROKEN[situation]
    checked = inspect(broken(tmp_path, edits), AS_OF)

    assert {(finding.rule, finding.severity) for finding in checked.findings} == {(rule, severity)}, checked.findings
    assert all(message in finding.message.en for finding in checked.findings[:1])
    assert all(finding.message.ja and finding.remedy.ja and finding.remedy.en for finding in checked.findings)

    assert checked.context is not None
    others = {name: checks for name, checks in CHECKS.items() if name != rule}
    assert list(run(checked.context, others)) == [], "without the rule nobody notices"


def test_every_rule_has_an_example() -> None:
    assert {rule for rule, *_ in BROKEN.values()} == set(CHECKS)


def findings_of(tmp_path: Path, edits: list[Edit], as_of: date = AS_OF) -> tuple[Finding, ...]:
    return inspect(broken(tmp_path, edits), as_of).findings


def test_an_address_of_a_retired_system_stays_taken(tmp_path: Path) -> None:
    retired = (
        "status: retired\n"
        'retirement: {date: "2026-01-31", reason: {ja: 廃止, en: Gone}, requested_by: 室長, approved_by: 室長}'
    )
    edits = [(S13, "status: in-service", retired), (S02, "  - {system: s13, reason: {ja: コード, en: Codes}}\n", "")]
    repository = broken(tmp_path, edits)
    assert inspect(repository, AS_OF).findings == ()

    of_s13 = (repository / S13).read_text(encoding="utf-8")
    machines = of_s13[of_s13.index("machines:") : of_s13.index("assumed:")].replace("s13-db", "vdi-lgwan-db")
    edit(repository, VDI, "assumed:", f"{machines}assumed:")
    (finding,) = inspect(repository, AS_OF).findings

    assert finding.rule == "Y-02"
    assert "198.18.128.240 is already used by s13-db01" in finding.message.en


def test_an_owner_that_has_ended_is_valid_before_its_end(tmp_path: Path) -> None:
    edits = [(S13, "owner: org-302", "owner: org-390")]
    assert findings_of(tmp_path, edits, date(2024, 3, 31)) == ()


def test_an_ended_owner_is_told_its_successor(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, [(S13, "owner: org-302", "owner: org-390")])
    assert finding.remedy.en == 'write "owner: org-302" (基盤管理グループ), its successor'


def test_a_term_warns_thirty_days_ahead_and_not_earlier(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    assert inspect(repository, date(2030, 3, 1)).findings[-1].rule == "Y-01"  # ESXi by then
    terms = [finding for finding in inspect(repository, date(2030, 3, 2)).findings if finding.rule == "T-01"]
    assert [finding.severity for finding in terms] == ["warning"]
    assert not [finding for finding in inspect(repository, date(2030, 3, 1)).findings if finding.rule == "T-01"]


@pytest.mark.parametrize(("expires", "rules"), [("2026-11-24", []), ("2026-11-23", ["E-11", "K-02"])])
def test_an_exception_holds_until_its_day(expires: str, rules: list[str], tmp_path: Path) -> None:
    edits = [
        (S02, "size_gb: 200", "size_gb: 701"),
        (POLICY, "exceptions: []", K_02 + EXCEPTION.format(rule="K-02", thing="mynumber-fast-01", expires=expires)),
    ]
    assert sorted(finding.rule for finding in findings_of(tmp_path, edits)) == rules


def test_a_rule_to_be_confirmed_is_an_error_once_a_person_has_confirmed_it(tmp_path: Path) -> None:
    confirmed = 'severity: error, status: confirm, confirmed_by: 室長, confirmed_on: "2026-11-01"'
    edits = [(POLICY, "severity: warning, status: confirm", confirmed), (FLOWS, "2028-03-31", "2026-03-31")]
    assert [finding.severity for finding in findings_of(tmp_path, edits)] == ["error"]


def test_a_shared_cluster_is_allowed_until_its_day(tmp_path: Path) -> None:
    shared = (
        "    segment: internet\n    shared_segments: {segments: [internet, lgwan], reason: {ja: 理由, en: Reason}, "
        'approver: 室長, expires: "2027-03-31"}\n'
    )
    repository = broken(tmp_path, [(CLUSTERS, "    segment: lgwan\n", shared)])
    assert inspect(repository, AS_OF).findings == ()
    assert [(finding.rule, finding.severity) for finding in inspect(repository, date(2027, 4, 1)).findings] == [
        ("L-06", "error")
    ]


def test_a_reference_to_a_system_whose_own_file_is_broken_is_not_called_unknown(tmp_path: Path) -> None:
    findings = findings_of(tmp_path, [(S13, "role: db", "role: [db]")])
    assert [(finding.rule, finding.file) for finding in findings] == [("E-03", S13)]
