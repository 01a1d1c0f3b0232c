"""What a person types."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import UnusableRequest, WhatIfRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.questions import what_if_request


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("4 x m8 in lgwan", WhatIfRequest(count=4, flavour="m8", where="lgwan")),
        ("4xm8 to kyotsu-lgwan", WhatIfRequest(count=4, flavour="m8", where="kyotsu-lgwan")),
        ("  12  m16  in  lgwan ", WhatIfRequest(count=12, flavour="m16", where="lgwan")),
        (
            "1 x c4 in lgwan with 200 GiB fast",
            WhatIfRequest(count=1, flavour="c4", where="lgwan", storage_gib_each=200, tier="fast"),
        ),
        ("1 x c4 in lgwan with 200", WhatIfRequest(count=1, flavour="c4", where="lgwan", storage_gib_each=200)),
    ],
)
def test_a_question_is_understood(text: str, request_: WhatIfRequest) -> None:
    assert what_if_request(text) == request_


@pytest.mark.parametrize("text", ["", "m8", "0 x m8 in lgwan", "-1 x m8 in lgwan", "4 x m8", "4 x m8 in", "x" * 10_000])
def test_another_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnusableRequest, match="4 x m8 in lgwan"):
        what_if_request(text)
