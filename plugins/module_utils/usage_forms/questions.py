"""What a person types, as the core takes it: "4 x m8 in lgwan"."""

from __future__ import annotations

import re

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import UnusableRequest, WhatIfRequest

_WHAT_IF = re.compile(
    r"""\s*(?P<count>[0-9]{1,6})\s*[x×*]?\s*
    (?P<flavour>[A-Za-z][\w.-]*)\s+(?:in|to)\s+(?P<where>[\w.-]+)
    (?:\s+with\s+(?P<disk>[0-9]{1,6})\s*(?:GiB|G)?(?:\s+(?P<tier>[\w-]+))?)?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
EXAMPLE = "4 x m8 in lgwan"
LONG_EXAMPLE = "4 x m8 in kyotsu-lgwan with 200 GiB fast"


def what_if_request(text: str, *, actual: bool = False) -> WhatIfRequest:
    """The question as a request; `actual` asks what vCenter has instead of what is described.

    Raises:
        UnusableRequest: it cannot be read; the text says how it is written.
    """
    match = _WHAT_IF.fullmatch(text)
    if match is None or int(match["count"]) == 0:
        raise UnusableRequest(f'{text!r} is not understood: write "{EXAMPLE}" or "{LONG_EXAMPLE}"')
    return WhatIfRequest(
        count=int(match["count"]),
        flavour=match["flavour"],
        where=match["where"],
        storage_gib_each=int(match["disk"]) if match["disk"] else None,
        tier=match["tier"],
        basis="actual" if actual else "described",
    )
