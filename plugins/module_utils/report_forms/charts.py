"""Charts of a table as SVG: Vega-Lite specifications (https://vega.github.io/vega-lite/docs/), drawn by vl-convert."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_bars import bars
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_style import Spec
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_trend import trends
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Table


def chart_svgs(table: Table, chart: Chart, language: Language) -> list[tuple[str, str]]:
    """(title, SVG) of every drawing of a chart; none where there is nothing to draw."""
    import vl_convert  # takes half a second, which a table in the terminal does not need

    drawings = []
    for title, spec in chart_specs(table, chart, language):
        # No address is allowed: a specification cannot make the controller load anything.
        svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
        drawings.append((title, svg.replace("<svg ", '<svg role="img" ', 1)))
    return drawings


def chart_specs(table: Table, chart: Chart, language: Language) -> list[tuple[str, Spec]]:
    """(title, specification) of every drawing."""
    if not table.rows:
        return []
    return bars(table, chart, language) if chart.kind == "bars" else trends(table, chart, language)
