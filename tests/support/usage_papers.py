"""Fixtures: the sample report on paper, in both languages, for the tests of its forms."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper import make_paper
from tests.support.small_estate import AS_OF, copy_small
from tests.support.usage_sample import sample_report


@pytest.fixture(scope="session")
def zone() -> ZoneInfo:
    return ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return load_estate(copy_small(tmp_path_factory.mktemp("small")), as_of=AS_OF, use_cache=False).estate


@pytest.fixture(scope="session")
def papers(estate: Estate) -> dict[Language, Paper]:
    report = sample_report(estate)
    return {"ja": make_paper(report, estate, "ja"), "en": make_paper(report, estate, "en")}


@pytest.fixture(scope="session")
def paper(papers: dict[Language, Paper]) -> Paper:
    return papers["ja"]
