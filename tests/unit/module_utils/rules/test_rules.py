"""Every rule has examples in tests/data/rules: edits of the valid small estate that break it, and nothing but it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import Checked, inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.catalogue import (
    CHANGE_CHECKS,
    CHECKS,
    LIVE_CHECKS,
    run,
    run_change,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.retirement import retirement_order
from tests.support.small_estate import AS_OF, ROOT, S02, S13, VDI, copy_small, edit
from tests.support.yaml_files import read_yaml

Edit = tuple[str, str, str]

EXAMPLES = ROOT / "tests" / "data" / "rules"
# Examples of what only a vCenter shows, or a certificate of erasure, are test_live_rules.py's and
# test_certificate_rules.py's.
CERTIFICATE_RULES = ("D-02", "D-03")
ELSEWHERE = (*LIVE_CHECKS, *CERTIFICATE_RULES)
# Said while reading, before there is an estate for the catalogue's checks.
READING_RULES = ("E-02", "E-03")
FILES = [file for file in sorted(EXAMPLES.glob("*/*.yml")) if file.parent.name not in (*ELSEWHERE, *READING_RULES)]
UNREADABLE = [file for rule in READING_RULES for file in sorted((EXAMPLES / rule).glob("*.yml"))]
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


@dataclass(frozen=True)
class Broken:
    """The estate of an example. `before` is None where the example is one state, not a change."""

    checked: Checked
    before: Estate | None

    @property
    def context(self) -> Context:
        assert self.checked.context is not None
        return self.checked.context

    def findings_without(self, rule: str) -> list[Finding]:
        """What is said when the catalogue has no such rule."""
        found = list(run(self.context, {name: checks for name, checks in CHECKS.items() if name != rule}))
        if self.before is not None:
            changes = {name: checks for name, checks in CHANGE_CHECKS.items() if name != rule}
            found += run_change(self.before, self.context, changes)
        return found

    def findings(self) -> list[Finding]:
        """What is said of the state, and of the change if it is one."""
        changed = run_change(self.before, self.context) if self.before is not None else ()
        return [*self.checked.findings, *changed]


def apply(repository: Path, change: dict[str, Any]) -> None:
    """One edit of an example: a text replaced, a file made, or a file removed."""
    path = repository / change["file"]
    if change.get("remove"):
        path.unlink()
    elif "create" in change:
        assert not path.exists()
        path.write_text(change["create"], encoding="utf-8")
    else:
        edit(repository, change["file"], change["old"], change["new"])


def break_small(target: Path, example: dict[str, Any]) -> Broken:
    """A copy of the small estate with the edits of an example."""
    repository = copy_small(target)
    before = None
    if "before" in example:
        for change in example["before"]:
            apply(repository, change)
        checked = inspect(repository, AS_OF)
        assert checked.findings == (), "the state before is valid"
        before = checked.estate
    for change in example["edits"]:
        apply(repository, change)
    return Broken(inspect(repository, AS_OF), before)


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}-{file.stem}" for file in FILES])
def test_the_example_breaks_exactly_its_rule_and_nobody_else_would_notice(file: Path, tmp_path: Path) -> None:
    rule = file.parent.name
    example = read_yaml(file)
    broken = break_small(tmp_path, example)
    findings = broken.findings()

    assert {finding.rule for finding in findings} == {rule}, findings
    worst = "error" if any(finding.severity == "error" for finding in findings) else "warning"
    assert worst == example["severity"]
    assert any(example["message"] in finding.message.en for finding in findings), findings
    assert all(finding.message.ja and finding.remedy.ja and finding.remedy.en for finding in findings)
    assert broken.findings_without(rule) == [], "without the rule nobody notices"


@pytest.mark.parametrize("file", UNREADABLE, ids=[f"{file.parent.name}-{file.stem}" for file in UNREADABLE])
def test_what_cannot_be_read_is_told_by_its_rule_and_its_file_alone(file: Path, tmp_path: Path) -> None:
    example = read_yaml(file)
    (changed,) = example["edits"]
    findings = break_small(tmp_path, example).checked.findings

    assert {(finding.rule, finding.severity, finding.file) for finding in findings} == {
        (file.parent.name, example["severity"], changed["file"])
    }, findings
    assert any(example["message"] in finding.message.en for finding in findings), findings
    assert all(finding.message.ja and finding.remedy.ja and finding.remedy.en for finding in findings)


def test_every_rule_has_an_example() -> None:
    assert {file.parent.name for file in (*FILES, *UNREADABLE)} == {*CHECKS, *CHANGE_CHECKS, *READING_RULES}


def test_every_check_has_an_example_of_its_own(tmp_path: Path) -> None:
    """A rule may have several checks; each finds something in one of the rule's examples."""
    silent = {(rule, check) for rule, checks in (*CHECKS.items(), *CHANGE_CHECKS.items()) for check in checks}
    for number, file in enumerate(FILES):
        rule = file.parent.name
        if rule not in {waiting for waiting, _ in silent}:
            continue
        broken = break_small(tmp_path / str(number), read_yaml(file))
        context = broken.context
        silent -= {(rule, check) for check in CHECKS.get(rule, ()) if list(check(context.estate, context))}
        if broken.before is not None:
            before = broken.before
            silent -= {
                (rule, check) for check in CHANGE_CHECKS.get(rule, ()) if list(check(before, context.estate, context))
            }
    assert silent == set()


@pytest.mark.parametrize("rule", sorted(CHANGE_CHECKS))
def test_every_rule_of_a_change_has_an_example_that_is_one(rule: str) -> None:
    examples = [read_yaml(file) for file in FILES if file.parent.name == rule]
    assert any("before" in example for example in examples)


def broken(tmp_path: Path, edits: list[Edit]) -> Path:
    repository = copy_small(tmp_path)
    for file, old, new in edits:
        edit(repository, file, old, new)
    return repository


def findings_of(tmp_path: Path, edits: list[Edit], as_of: date = AS_OF) -> tuple[Finding, ...]:
    return inspect(broken(tmp_path, edits), as_of).findings


def test_an_address_of_a_retired_system_stays_taken(tmp_path: Path) -> None:
    retired = (
        "status: retired\n"
        'retirement: {date: "2026-01-31", reason: {ja: 廃止, en: Gone}, requested_by: 室長, approved_by: 室長, '
        'last_copy_years: 5, records: {confirmed_on: "2025-12-01", confirmed_by: 室長, retention_ended: true, '
        "historical: none}}"
    )
    edits = [
        (S13, "status: in-service", retired),
        (S02, "  - {system: s13, reason: {ja: コード, en: Codes}}\n", ""),
        (FLOWS, "destination: s13-db-1", "destination: lgwan-mirror"),
        (FLOWS, "source: s13-db-1", "source: lgwan-servers"),
    ]
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


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        ("2026-12-24", []),
        ("2026-12-23", [("E-11", "warning")]),
        ("2026-11-24", [("E-11", "warning")]),
        ("2026-11-23", [("E-11", "error"), ("K-02", "error")]),
    ],
)
def test_an_exception_holds_until_its_day_and_warns_thirty_days_ahead(
    expires: str, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    edits = [
        (S02, "size_gb: 200", "size_gb: 701"),
        (POLICY, "exceptions: []", K_02 + EXCEPTION.format(rule="K-02", thing="mynumber-fast-01", expires=expires)),
    ]
    assert sorted((finding.rule, finding.severity) for finding in findings_of(tmp_path, edits)) == expected


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


def test_an_exception_may_name_a_machine_by_its_key(tmp_path: Path) -> None:
    edits = [
        (S13, "    role: db\n", "    role: db\n    backup: {backup_class: none, offsite: false}\n"),
        (POLICY, "exceptions: []\n", EXCEPTION.format(rule="L-01", thing="s13-db-1", expires="2027-03-31")),
    ]
    # The exception is for another rule: the finding stays, and the exception is told to be idle.
    assert sorted(finding.rule for finding in findings_of(tmp_path / "idle", edits)) == ["B-01", "E-11"]
    rule = (
        "  - {id: B-01, severity: warning, status: confirm, source: guideline, text: {ja: 写し, en: Copy}, "
        "remedy: {ja: 取得, en: Copy it}, checked: true}\n"
    )
    exception = EXCEPTION.format(rule="B-01", thing="s13-db-1", expires="2027-03-31")
    edits[1] = (POLICY, "exceptions: []\n", rule + exception)
    assert findings_of(tmp_path / "used", edits) == ()


def test_what_keeps_the_estate_whole_has_no_exceptions(tmp_path: Path) -> None:
    rule = (
        "  - {id: E-08, severity: error, status: ours, source: vmware, text: {ja: 組, en: Pair}, "
        "remedy: {ja: 直す, en: Mend}, checked: true}\n"
    )
    exception = EXCEPTION.format(rule="E-08", thing="s02-ap02", expires="2027-03-31")
    edits = [(S02, "    pair: ap\n", ""), (POLICY, "exceptions: []\n", rule + exception)]
    assert sorted(finding.rule for finding in findings_of(tmp_path, edits)) == ["E-08", "E-11"]


@pytest.mark.parametrize("name", ["address-taken", "retired-machine-removed"])
def test_names_and_addresses_are_free_on_the_day_that_is_said(tmp_path: Path, name: str) -> None:
    (file,) = (EXAMPLES / "Y-04").glob(f"{name}-*.yml")
    example = read_yaml(file)
    assert [each.rule for each in break_small(tmp_path / "early", example).findings()] == ["Y-04"]
    repository = copy_small(tmp_path / "late")
    for change in example["before"]:
        apply(repository, change)
    before = inspect(repository, date(2027, 1, 31)).estate
    assert before is not None
    for change in example["edits"]:
        apply(repository, change)
    after = inspect(repository, date(2027, 1, 31))
    assert after.context is not None
    assert "Y-04" not in {each.rule for each in run_change(before, after.context)}


def test_a_rename_of_a_system_with_its_machines_is_no_disappearance(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    before = inspect(repository, AS_OF).estate
    assert before is not None
    (repository / VDI).rename(repository / "systems/vdi-staff.yml")
    edit(repository, "systems/vdi-staff.yml", "id: vdi-lgwan", "id: vdi-staff")
    after = inspect(repository, AS_OF)
    assert after.findings == ()
    assert after.context is not None
    assert list(run_change(before, after.context)) == []


def test_a_machine_that_was_only_planned_may_be_dropped(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    edit(repository, S13, "status: in-service", "status: planned")
    before = inspect(repository, AS_OF).estate
    assert before is not None
    (repository / S13).unlink()
    edit(repository, S02, "  - {system: s13, reason: {ja: コード, en: Codes}}\n", "")
    text = (repository / FLOWS).read_text(encoding="utf-8")
    (repository / FLOWS).write_text(text[: text.index("  - id: s02-codes")], encoding="utf-8")
    after = inspect(repository, AS_OF)
    assert after.findings == ()
    assert after.estate is not None
    assert retirement_order(before, after.estate) == ()


def test_the_order_of_retirement_is_told_without_the_files_too(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    before = inspect(repository, AS_OF).estate
    (repository / VDI).unlink()
    after = inspect(repository, AS_OF).estate
    assert before is not None
    assert after is not None
    (finding,) = retirement_order(before, after)
    assert (finding.rule, finding.severity, finding.file, finding.line, finding.object) == (
        "Y-03", "error", VDI, 1, "vdi-lgwan",
    )  # fmt: skip


def test_a_system_whose_file_cannot_be_read_has_not_disappeared(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    before = inspect(repository, AS_OF).estate
    assert before is not None
    edit(repository, VDI, "count: 20", "count: twenty")
    after = inspect(repository, AS_OF)
    assert after.context is not None
    assert list(run_change(before, after.context)) == []


def test_a_retired_machine_takes_its_window_its_flows_and_its_backup_out_of_the_rules(tmp_path: Path) -> None:
    patching = "platform/patching.yml"
    retired = (
        "    role: db\n    status: retired\n    retirement: {date: '2026-01-31', reason: {ja: 廃止, en: Gone}, "
        "requested_by: 室長, approved_by: 室長}\n"
    )
    edits = [(patching, 'start: "05:30"', 'start: "22:00"')]
    names = {finding.object for finding in findings_of(tmp_path / "all", edits)}
    assert names == {"s02-db01", "s13-db01"}
    edits.append((S13, "    role: db\n", retired))
    findings = findings_of(tmp_path / "one", edits)
    assert {finding.object for finding in findings if finding.rule == "A-01"} == {"s02-db01"}
