"""更新適用実施報告書: what one owner is shown of a month, ready to be drawn by any form."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import (
    AcceptanceState,
    MonthEvidence,
    OwnerEvidence,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.result_words import RESULTS
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.parts import (
    count_fact,
    day_line,
    result_facts,
    runs_table,
    section,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.tables_machines import (
    attempts_table,
    not_run_table,
    package_steps_table,
    packages_table,
    results_table,
    states_table,
    ways_back_table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.tables_vulnerabilities import (
    closed_table,
    open_table,
    systems_table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.words import RESULT_MARKS, STATES
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Division,
    Fact,
    Paper,
    Section,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import NOT_COLLECTED, month_text

# Results that a reader has to know of beside the tables, the most urgent first.
_TOLD = (Result.DECISION_NEEDED, Result.FAILED, Result.UNREACHABLE, Result.ROLLED_BACK, Result.SKIPPED)
_UNBORNE: tuple[AcceptanceState, ...] = ("not-accepted", "expired")


def owner_paper(evidence: MonthEvidence, owner: OwnerEvidence, estate: Estate, language: Language) -> Paper:
    """Everything that the forms draw for one owner; one division (sheet of the workbook) per system."""
    speech = Speech(language, estate)
    name = speech.organisation(owner.owner)
    month = month_text(evidence.month, language)
    return Paper(
        language=language,
        title=speech(f"更新適用実施報告書（{month}分）", f"Evidence of patching, {month}"),
        subtitle=speech(f"{name} 御中 ／ {day_line(evidence, speech)}", f"{name} | {day_line(evidence, speech)}"),
        facts=tuple(_facts(owner, speech)),
        alerts=tuple(_alerts(owner, speech)),
        notes=(),
        missing=(),
        sections=tuple(_sections(owner, speech)),
        divisions=tuple(
            Division(id=each.system, name=f"{each.system} {speech.system(each.system)}") for each in owner.systems
        ),
        total_word=speech("合計", "total"),
        not_collected_word=NOT_COLLECTED[language],
    )


def _sections(owner: OwnerEvidence, speech: Speech) -> Iterator[Section]:
    yield section("summary", speech("システムごとのまとめ", "By system"), systems_table(owner, speech))
    results = [results_table(owner, speech)]
    attempts = attempts_table(owner, speech)
    if attempts.rows:
        results.append(attempts)
    yield section("results", speech("実施結果", "Results"), *results)
    yield section("not-run", speech("実施しなかった仮想サーバ", "Not worked on"), not_run_table(owner, speech))
    yield section(
        "vulnerabilities",
        speech("既知の脆弱性", "Known vulnerabilities"),
        open_table(owner, speech),
        closed_table(owner, speech),
    )
    yield section(
        "states",
        speech("適用前後の状態", "Before and after"),
        states_table(owner, speech),
        ways_back_table(owner, speech),
    )
    yield section(
        "packages",
        speech("パッケージ", "Packages"),
        packages_table(owner, speech),
        package_steps_table(owner, speech),
    )
    yield section("runs", speech("実施記録", "Runs"), runs_table(owner.runs, speech))


def _facts(owner: OwnerEvidence, speech: Speech) -> Iterator[Fact]:
    machines = owner.machines()
    yield count_fact(speech("実施した仮想サーバ", "machines in runs"), len(machines), speech)
    yield from result_facts(owner.counts(), speech)
    yield count_fact(speech("実施なし", "not worked on"), len(owner.not_run()), speech)
    yield count_fact(speech("解消した脆弱性", "CVEs closed"), owner.closed(), speech, "件")
    yield count_fact(speech("残る脆弱性", "CVEs open"), owner.open(), speech, "件")
    for state in _UNBORNE:
        yield count_fact(speech.text(STATES[state]), owner.open(state), speech, "件", alarming=True)
    unknown = sum(not machine.is_known for machine in machines)
    if unknown:
        yield count_fact(speech("脆弱性未確認", "not compared"), unknown, speech, alarming=True)


def _alerts(owner: OwnerEvidence, speech: Speech) -> Iterator[Fact]:
    for result in _TOLD:
        names = [machine.net.name for machine in owner.machines() if machine.net.result is result]
        if names:
            yield Fact(name=speech.text(RESULTS[result]), text=", ".join(names), mark=RESULT_MARKS[result])
    stopped = [
        f"{machine.net.name}: {', '.join(machine.stopped_services)}"
        for machine in owner.machines()
        if machine.stopped_services
    ]
    if stopped:
        yield Fact(name=speech("停止したサービス", "services gone"), text=" / ".join(stopped), mark="alarm")
    for state in _UNBORNE:
        cves = [
            f"{system.system}: {each.cve}" for system in owner.systems for each in system.open if each.state == state
        ]
        if cves:
            yield Fact(name=speech.text(STATES[state]), text=", ".join(cves), mark="alarm")
    overdue = [each.name for each in owner.not_run() if each.overdue]
    if overdue:
        name = speech("実施を確認できない仮想サーバ", "machines of which nothing is known")
        yield Fact(name=name, text=", ".join(overdue), mark="warning")
