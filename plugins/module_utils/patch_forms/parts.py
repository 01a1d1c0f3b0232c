"""What the reports of owners and the list of all owners share: counts, runs, headings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import MonthEvidence
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result, RunOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.result_words import RESULTS
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.words import RESULT_MARKS
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Fact, Row, Section, Table
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import day_text


def section(key: str, title: str, *tables: Table) -> Section:
    """A heading with tables below it."""
    return Section(key=key, title=title, tables=tables)


def count_fact(name: str, count: int, speech: Speech, unit_ja: str = "台", *, alarming: bool = False) -> Fact:
    """A number with its unit; one that is not 0 needs a person if it is alarming."""
    return Fact(name=name, text=speech(f"{count} {unit_ja}", str(count)), mark="alarm" if alarming and count else "")


def result_facts(counts: Mapping[Result, int], speech: Speech) -> Iterator[Fact]:
    """Machines by result, those that are good first; a result that nobody had is left out, but for "patched"."""
    for result in Result:
        if counts.get(result) or result is Result.PATCHED:
            text = speech(f"{counts.get(result, 0)} 台", str(counts.get(result, 0)))
            yield Fact(name=speech.text(RESULTS[result]), text=text, mark=RESULT_MARKS[result])


def day_line(evidence: MonthEvidence, speech: Speech) -> str:
    """The day of the report and the contents that were applied."""
    day = day_text(evidence.as_of, speech.language)
    contents = ", ".join(sorted({run.content for run in evidence.runs})) or speech("なし", "none")
    return speech(f"基準日 {day} ／ 適用内容 {contents}", f"as of {day} | content {contents}")


def runs_table(runs: Iterable[RunOutcome], speech: Speech) -> Table:
    """Who did what, when, by which change, from which content and which commit."""
    return Table(
        key="runs",
        title=speech("実施記録", "Runs"),
        columns=(
            speech.column("run", "実施番号", "run"),
            speech.column("change", "変更番号", "change"),
            speech.column("content", "適用内容", "content"),
            speech.column("environment", "環境", "environment", narrow=False),
            speech.column("actor", "実施者", "by"),
            speech.column("started", "開始", "from", "moment"),
            speech.column("finished", "終了", "to", "moment", blank=True),
            speech.column("emergency", "緊急の理由", "emergency", blank=True, narrow=False),
            speech.column("stopped", "中断の理由", "stopped because", blank=True, narrow=False),
            speech.column("resumed", "再開元", "resumed from", blank=True, narrow=False),
            speech.column("commit", "定義", "commit", narrow=False),
        ),
        rows=tuple(
            Row(
                values=(
                    run.run_id,
                    run.change,
                    run.content,
                    run.environment,
                    run.actor,
                    run.started_at,
                    run.finished_at,
                    run.emergency or None,
                    run.stopped or None,
                    ", ".join(run.resumed_from) or None,
                    run.commit[:12],
                ),
                mark="warning" if run.stopped or run.finished_at is None else "",
            )
            for run in runs
        ),
        empty=speech("この月の実施記録はありません。", "There was no run in this month."),
    )
