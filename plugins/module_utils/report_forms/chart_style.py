"""What all drawings share: size, colours, fonts. A specification is a JSON value of Vega-Lite.

Colours are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers tell apart too.
"""

from __future__ import annotations

import math
from typing import Any, TypeGuard

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Value

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
LIMIT_COLOUR = "#D55E00"
# The reader's own fonts; the first that is there.
FONT = "'Hiragino Sans','Yu Gothic','Meiryo','Noto Sans CJK JP','IPAGothic',sans-serif"
WIDTH_PX = 360  # of a whole drawing: a phone shows it unshrunk
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name; nothing is loaded
Spec = dict[str, Any]


def whole(inner: Spec, width: int, height: int) -> Spec:
    """A specification with its size and the common look."""
    return {
        "$schema": _SCHEMA,
        **inner,
        "width": width,
        "height": height,
        "background": "transparent",
        "config": {
            "font": FONT,
            "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "gridColor": "#e3e3e3"},
            "legend": {"labelFontSize": 11, "symbolType": "square"},
            "view": {"stroke": None},
        },
    }


def is_drawable(value: Value) -> TypeGuard[int | float]:
    """Whether there is a length to draw."""
    return isinstance(value, (int, float)) and math.isfinite(value)
