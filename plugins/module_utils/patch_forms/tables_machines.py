"""Tables of an owner's machines: results, states before and after, attempts, packages, and those not worked on."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import MachineEvidence, OwnerEvidence
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.result_words import RESULTS
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.words import RESULT_MARKS
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Column, Row, Table


def results_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """What became of each machine, why, when and by whom."""
    return Table(
        key="results",
        title=speech("仮想サーバごとの結果", "Results"),
        columns=(
            *_place(speech),
            speech.column("role", "役割", "role"),
            speech.column("result", "結果", "result"),
            speech.column("reason", "理由", "reason", blank=True),
            speech.column("started", "開始", "from", "moment", blank=True),
            speech.column("finished", "終了", "to", "moment", blank=True),
            speech.column("actor", "実施者", "by", narrow=False),
            speech.column("change", "変更番号", "change", narrow=False),
        ),
        rows=tuple(
            Row(
                values=(
                    machine.net.system,
                    machine.net.name,
                    machine.net.role,
                    speech.text(RESULTS[machine.net.result]),
                    reason_of(machine.net, speech),
                    machine.net.started_at,
                    machine.net.finished_at,
                    machine.net.actor or machine.run.actor,
                    machine.run.change,
                ),
                mark=RESULT_MARKS[machine.net.result],
                division=machine.net.system,
            )
            for machine in owner.machines()
        ),
        empty=speech("この月に実施した仮想サーバはありません。", "No machine was in a run of this month."),
    )


def states_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """Kernel, restart and services of each machine."""
    return Table(
        key="states",
        title=speech("適用前後の状態", "Before and after"),
        columns=(
            *_place(speech),
            speech.column("kernel_before", "カーネル（前）", "kernel before", narrow=False),
            speech.column("kernel_after", "カーネル（後）", "kernel after"),
            speech.column("restarted", "再起動", "restarted"),
            speech.column("packages", "変更したパッケージ", "packages changed", "count"),
            speech.column("services", "動作中のサービス", "services running", "count"),
            speech.column("stopped", "停止したサービス", "services gone", blank=True),
            speech.column("started", "新たなサービス", "services new", blank=True, narrow=False),
        ),
        rows=tuple(_state(machine, speech) for machine in owner.machines()),
        notes=(
            speech(
                "「未収集」は、その仮想サーバの状態を取得できなかったことを表します。",
                "“not collected”: nobody could look into the machine.",
            ),
        ),
        empty=speech("該当なし", "none"),
    )


def ways_back_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """The snapshot of each attempt, logs that were exported before a roll-back, and the sheet of a decision."""
    return Table(
        key="ways_back",
        title=speech("スナップショットと切戻し", "Snapshots and ways back"),
        columns=(
            *_place(speech),
            speech.column("snapshot", "スナップショット", "snapshot"),
            speech.column("expires", "保持期限", "kept until", "day"),
            speech.column("logs", "退避したログ", "logs exported to", blank=True, narrow=False),
            speech.column("decision", "切戻し判断票", "decision sheet", blank=True, narrow=False),
        ),
        rows=tuple(
            Row(
                values=(
                    outcome.system,
                    outcome.name,
                    outcome.snapshot.name,
                    outcome.snapshot.expires_on,
                    outcome.logs or None,
                    outcome.decision_sheet or None,
                ),
                mark=RESULT_MARKS[outcome.result] if outcome.decision_sheet else "",
                division=outcome.system,
            )
            for machine in owner.machines()
            for attempt in machine.attempts
            for outcome in (attempt.outcome,)
            if outcome.snapshot is not None
        ),
        empty=speech("取得したスナップショットはありません。", "No snapshot was taken."),
    )


def attempts_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """Every attempt of those machines that had more than one."""
    rows = [
        Row(
            values=(
                attempt.outcome.system,
                attempt.outcome.name,
                attempt.run.run_id,
                speech.text(RESULTS[attempt.outcome.result]),
                reason_of(attempt.outcome, speech),
                attempt.outcome.started_at,
                attempt.outcome.finished_at,
            ),
            division=attempt.outcome.system,
        )
        for machine in owner.machines()
        if len(machine.attempts) > 1
        for attempt in machine.attempts
    ]
    return Table(
        key="attempts",
        title=speech("複数回実施した仮想サーバ", "Machines with several attempts"),
        columns=(
            *_place(speech),
            speech.column("run", "実施番号", "run", narrow=False),
            speech.column("result", "結果", "result"),
            speech.column("reason", "理由", "reason", blank=True),
            speech.column("started", "開始", "from", "moment", blank=True),
            speech.column("finished", "終了", "to", "moment", blank=True),
        ),
        rows=tuple(rows),
        notes=(
            speech("最後に実際に作業した回の結果を採ります。", "The last attempt that touched the machine counts."),
        ),
    )


def packages_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """Each step of a package in a system, with the machines that took it."""
    steps: dict[tuple[str, str, str, str], list[str]] = {}
    for machine, package, before, after in _changes(owner):
        steps.setdefault((machine.system, package, before, after), []).append(machine.name)
    nothing = speech("（なし）", "(none)")
    return Table(
        key="packages",
        title=speech("変更したパッケージ", "Packages"),
        columns=(
            speech.column("system", "システム", "system"),
            speech.column("package", "パッケージ", "package"),
            speech.column("before", "適用前", "before"),
            speech.column("after", "適用後", "after"),
            speech.column("count", "台数", "machines", "count"),
            speech.column("machines", "仮想サーバ", "which", narrow=False),
        ),
        rows=tuple(
            Row(
                values=(system, package, before or nothing, after or nothing, len(names), ", ".join(names)),
                division=system,
            )
            for (system, package, before, after), names in sorted(steps.items())
        ),
        empty=speech("変更したパッケージはありません。", "No package was changed."),
        detail=True,
    )


def package_steps_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """The same, one line per machine and package: for filters and for machines to read."""
    return Table(
        key="package_steps",
        title=speech("仮想サーバごとのパッケージ", "Packages by machine"),
        columns=(
            *_place(speech),
            speech.column("package", "パッケージ", "package"),
            speech.column("before", "適用前", "before", blank=True),
            speech.column("after", "適用後", "after", blank=True),
        ),
        rows=tuple(
            Row(values=(machine.system, machine.name, package, before or None, after or None))
            for machine, package, before, after in _changes(owner)
        ),
        drawn=True,
    )


def not_run_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """Machines that no run has begun with, why, and when they come."""
    return Table(
        key="not_run",
        title=speech("実施しなかった仮想サーバ", "Not worked on"),
        columns=(
            *_place(speech),
            speech.column("reason", "理由", "reason"),
            speech.column("when", "予定・次の候補", "when", "moment", blank=True),
        ),
        rows=tuple(
            Row(
                values=(system.system, each.name, speech.text(each.reason), each.when),
                mark="warning" if each.overdue else "",
                division=system.system,
            )
            for system in owner.systems
            for each in system.not_run
        ),
        empty=speech("ありません。", "none"),
    )


def reason_of(outcome: MachineOutcome, speech: Speech) -> str | None:
    """The reason in the reader's language; the other one where only that was recorded."""
    return speech(outcome.reason_ja or outcome.reason, outcome.reason or outcome.reason_ja) or None


def _place(speech: Speech) -> tuple[Column, Column]:
    return speech.column("system", "システム", "system"), speech.column("machine", "仮想サーバ", "machine")


def _state(machine: MachineEvidence, speech: Speech) -> Row:
    net = machine.net
    seen = net.after or net.before
    both = net.before is not None and net.after is not None
    return Row(
        values=(
            net.system,
            net.name,
            None if net.before is None else net.before.kernel,
            None if net.after is None else net.after.kernel,
            speech("あり", "yes") if net.restarted else speech("なし", "no"),
            len(net.changes) if both else None,
            None if seen is None else len(seen.services),
            ", ".join(machine.stopped_services) or None,
            ", ".join(machine.started_services) or None,
        ),
        mark="alarm" if machine.stopped_services else "",
        division=net.system,
    )


def _changes(owner: OwnerEvidence) -> Iterator[tuple[MachineOutcome, str, str, str]]:
    for machine in owner.machines():
        for change in machine.net.changes:
            yield machine.net, change.package, change.before, change.after
