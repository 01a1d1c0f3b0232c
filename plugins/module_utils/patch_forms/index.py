"""The list of all owners of a month, for the platform team: what needs somebody, and where each owner's report is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import MonthEvidence, OwnerEvidence
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.parts import (
    count_fact,
    day_line,
    result_facts,
    runs_table,
    section,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Column,
    Fact,
    Paper,
    Row,
    Table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import NOT_COLLECTED, month_text

_TITLES = {"html": "HTML", "xlsx": "Excel", "json": "JSON"}


def index_paper(
    evidence: MonthEvidence, estate: Estate, language: Language, files: Mapping[str, Mapping[str, str]]
) -> Paper:
    """The list. `files`: owner -> form (html, xlsx, json) -> name of the file beside this page."""
    speech = Speech(language, estate)
    month = month_text(evidence.month, language)
    counts: Counter[Result] = sum((owner.counts() for owner in evidence.owners), start=Counter())
    return Paper(
        language=language,
        title=speech(f"更新適用実施報告書一覧（{month}分）", f"Evidence of patching, all owners, {month}"),
        subtitle=day_line(evidence, speech),
        facts=(
            count_fact(speech("所管課", "owners"), len(evidence.owners), speech, "所属"),
            count_fact(speech("実施", "runs"), len(evidence.runs), speech, "回"),
            *result_facts(counts, speech),
        ),
        # They may name machines of any owner: shown here and in no owner's report.
        alerts=tuple(
            Fact(name=run.run_id, text=finding, mark="warning") for run in evidence.runs for finding in run.findings
        ),
        notes=(),
        missing=(),
        sections=(
            section("owners", speech("所管課", "Owners"), _owners_table(evidence, speech, files)),
            section("runs", speech("実施記録", "Runs"), runs_table(evidence.runs, speech)),
        ),
        divisions=(),
        total_word=speech("合計", "total"),
        not_collected_word=NOT_COLLECTED[language],
    )


def _owners_table(evidence: MonthEvidence, speech: Speech, files: Mapping[str, Mapping[str, str]]) -> Table:
    forms = [form for form in _TITLES if any(form in each for each in files.values())]
    return Table(
        key="owners",
        title=speech("所管課", "Owners"),
        columns=(
            speech.column("owner", "所管課", "owner"),
            speech.column("systems", "システム", "systems", "count", total=True),
            speech.column("machines", "実施台数", "machines in runs", "count", total=True),
            speech.column("good", "適用済・変更なし", "up to date", "count", total=True),
            speech.column("other", "その他", "not", "count", total=True),
            speech.column("not_run", "実施なし", "not worked on", "count", total=True),
            speech.column("closed", "解消した脆弱性", "CVEs closed", "count", total=True),
            speech.column("open", "残る脆弱性", "CVEs open", "count", total=True),
            speech.column("unborne", "うち受容なし・期限切れ", "of them not accepted", "count", total=True),
            *(Column(key=form, title=_TITLES[form]) for form in forms),
        ),
        rows=tuple(_owner(owner, speech, forms, files.get(owner.owner, {})) for owner in evidence.owners),
        empty=speech("対象の所管課はありません。", "No owner has a machine."),
    )


def _owner(owner: OwnerEvidence, speech: Speech, forms: list[str], files: Mapping[str, str]) -> Row:
    good = sum(machine.net.result.is_good for machine in owner.machines())
    other = len(owner.machines()) - good
    unborne = owner.open("not-accepted") + owner.open("expired")
    return Row(
        values=(
            speech.organisation(owner.owner),
            len(owner.systems),
            len(owner.machines()),
            good,
            other,
            len(owner.not_run()),
            owner.closed(),
            owner.open(),
            unborne,
            *(files.get(form, "") for form in forms),
        ),
        mark="warning" if other or unborne else "",
        links={form: files[form] for form in forms if form in files},
    )
