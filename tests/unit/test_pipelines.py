"""The pipelines call make targets that exist, the same ones, and need no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.small_estate import ROOT

GITHUB = ROOT / ".github/workflows/ci.yml"
GITLAB = ROOT / ".gitlab-ci.yml"


def commands(value: Any) -> Iterator[str]:
    """Every line of shell in a pipeline."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("run", "script", "before_script") and not isinstance(each, dict):
                lines = each if isinstance(each, list) else each.splitlines()
                yield from (str(line) for line in lines)
            else:
                yield from commands(each)
    elif isinstance(value, list):
        for each in value:
            yield from commands(each)


def targets(file: Path) -> set[str]:
    text = "\n".join(commands(yaml.safe_load(file.read_text(encoding="utf-8"))))
    return set(re.findall(r"^make ([a-z-]+)", text, flags=re.MULTILINE))


def made() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=["GitHub", "GitLab"])
def test_a_pipeline_calls_targets_that_exist(file: Path) -> None:
    assert targets(file) == {"change", "approvals", "test", "test-all"}
    assert targets(file) <= made()


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=["GitHub", "GitLab"])
def test_a_pipeline_holds_no_secret_and_hides_no_failure(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert not re.search(r"\|\| *true|allow_failure|continue-on-error", text)
    assert "inventory/production" not in text


def test_untrusted_text_of_a_pull_request_never_becomes_shell() -> None:
    """An expression inside `run` is pasted into the script: what others write must come by the environment."""
    text = "\n".join(commands(yaml.safe_load(GITHUB.read_text(encoding="utf-8"))))
    assert "${{" not in text


def test_actions_of_others_are_pinned_by_commit_and_say_which_version_that_is() -> None:
    uses = re.findall(r"uses: (.*)", GITHUB.read_text(encoding="utf-8"))
    assert uses
    assert [each for each in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("runs-on: ubuntu-24.04\n    container", "runs-in: ubuntu-24.04\n    container"),
        ("${{ github.token }}", "${{ github.tokken }}"),
        ("make test-all\n", "make test-all; if\n"),
    ],
)
def test_a_mistake_in_the_workflow_is_found(
    wrong: str, told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from scripts import lint_workflows

    text = GITHUB.read_text(encoding="utf-8")
    assert lint_workflows.main([str(GITHUB)]) == 0
    assert wrong in text
    broken = tmp_path / "ci.yml"
    broken.write_text(text.replace(wrong, told), encoding="utf-8")
    capfd.readouterr()
    assert lint_workflows.main([str(broken)]) == 1
    assert "ci.yml" in capfd.readouterr().out


def test_the_stages_and_jobs_of_gitlab_are_of_its_own_words() -> None:
    """Its schema is not here: the keys that this file uses, as GitLab's reference names them."""
    pipeline = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    jobs = {name: each for name, each in pipeline.items() if name not in ("workflow", "default", "variables")}
    assert set(jobs) == {"change", "test", "test-all"}
    for job in jobs.values():
        assert set(job) <= {"stage", "tags", "timeout", "rules", "script", "artifacts"}
        assert job["stage"] in (".pre", "build", "test", "deploy", ".post")
        assert set(job["artifacts"]) <= {"when", "expose_as", "paths", "reports"}
        assert job["artifacts"]["reports"] == {"junit": "reports/junit/*.xml"}


def test_both_pipelines_keep_the_same_tools_and_hand_over_the_same_files() -> None:
    github, gitlab = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (GITHUB, GITLAB))
    steps = [step for job in github["jobs"].values() for step in job["steps"]]
    caches = [step["with"]["path"].split() for step in steps if "actions/cache" in step.get("uses", "")]
    assert caches == [[".venv", ".tools"]] * len(github["jobs"])
    assert [path.rstrip("/") for path in gitlab["default"]["cache"]["paths"]] == [".venv", ".tools"]
    assert gitlab["change"]["artifacts"]["paths"] == ["reports/review.md", "reports/review.json"]
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_the_merge_queue_is_checked_like_a_pull_request() -> None:
    """Without the event the queue would wait for a check that never comes, or let through what nobody checked."""
    workflow = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))
    # YAML 1.1 reads the key "on" as true.
    assert "merge_group" in workflow[True]
    change = workflow["jobs"]["change"]
    assert "merge_group" in change["if"]
    assert "merge_group.base_sha" in change["env"]["BASE"]


def test_the_whole_history_is_there_for_the_merge() -> None:
    workflow = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if str(step.get("uses", "")).startswith("actions/checkout@")]
    assert len(checkouts) == len(workflow["jobs"])
    assert all(step["with"]["fetch-depth"] == 0 for step in checkouts)
    assert yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["variables"]["GIT_DEPTH"] == "0"


def test_the_weekly_run_is_the_only_privileged_one_and_the_only_one_of_everything() -> None:
    github, gitlab = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (GITHUB, GITLAB))
    privileged = {name for name, job in github["jobs"].items() if "--privileged" in str(job["container"])}
    assert privileged == {"test-all"} == {name for name, job in github["jobs"].items() if "make test-all" in str(job)}
    assert github["jobs"]["test-all"]["if"] == "github.event_name == 'schedule'"
    assert github["jobs"]["test"]["if"] == "github.event_name != 'schedule'"
    assert [name for name, job in gitlab.items() if "tags" in job] == ["test-all"]


def test_the_page_names_what_the_pipelines_call() -> None:
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    for target in targets(GITHUB):
        assert f"make {target}" in page
