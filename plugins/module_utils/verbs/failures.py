"""The exceptions whose message is the answer to the user. Everything else is a bug and shows its traceback."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

FAILURES: tuple[type[Exception], ...] = (InvalidEstate, VCenterError, RecordsError, VerbRefused)
