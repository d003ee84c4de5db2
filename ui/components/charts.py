"""Charts by day: bars with patterns besides colours, and lines with different strokes."""

import reflex as rx

from ui.state.activity import Activity
from ui.view_models.activity_charts import SHADES

# The pattern lines over each colour, in a square of 8.
_RISING, _ACROSS, _DOWN = "M-2 2L2 -2M0 8L8 0M6 10L10 6", "M0 4H8", "M4 0V8"
_LINES = ("", _RISING, _DOWN, _ACROSS, "M-2 6L2 10M0 0L8 8M6 -2L10 2", _DOWN + _ACROSS)
_SHADES = dict(zip(map(str, range(SHADES)), _LINES, strict=True)) | {"quiet": "", "good": "", "bad": _RISING}
_HEIGHT = 220
_MARGIN = {"top": 8, "right": 8, "bottom": 0, "left": 0}
# Short number formats for amounts of any magnitude.
_SHORT = """((value) => Intl.NumberFormat("en", {notation: "compact", maximumSignificantDigits: 3}).format(value))"""
_MONEY = """((value) => "$" + Intl.NumberFormat("en", {maximumSignificantDigits: 3}).format(value))"""
_SECONDS = """((value) => Intl.NumberFormat("en", {maximumSignificantDigits: 3}).format(value) + " s")"""


def shade_patterns() -> rx.Component:
    """Define the patterns that fill the bars, once on the page for all of its charts."""
    return rx.el.svg(
        rx.el.svg.defs(*(_shade_pattern(name, lines) for name, lines in _SHADES.items())),
        width="0",
        height="0",
        aria_hidden="true",
        class_name="shades",
    )


def chart_by_day(title: str, *drawn: rx.Component, unit: str = "") -> rx.Component:
    """Draw a chart by day. `unit` is "$", "s", or empty for counts."""
    format_number: rx.Var[str] = rx.Var({"$": _MONEY, "s": _SECONDS}.get(unit, _SHORT))
    quiet = {"fill": "var(--gray-11)", "fontSize": 12}
    return rx.recharts.composed_chart(
        rx.recharts.cartesian_grid(vertical=False, stroke="var(--gray-5)"),
        rx.recharts.x_axis(
            data_key="day", interval="preserveStartEnd", min_tick_gap=28, tick=quiet, tick_line=False, axis_line=False
        ),
        rx.recharts.y_axis(
            width="auto",
            tick=quiet,
            tick_line=False,
            axis_line=False,
            allow_decimals=unit != "",
            tick_formatter=format_number.to(rx.vars.FunctionVar),
        ),
        rx.recharts.graphing_tooltip(
            separator=": ",
            is_animation_active=False,
            content_style={
                "background": "var(--color-panel-solid)",
                "border": "1px solid var(--gray-6)",
                "borderRadius": "8px",
                "fontSize": "0.8rem",
                "lineHeight": 1.45,
            },
            item_style={"padding": "0", "color": "var(--gray-12)"},
            label_style={"color": "var(--gray-12)", "fontWeight": 600},
            custom_attrs={"formatter": format_number},
        ),
        *drawn,
        data=Activity.rows,
        margin=_MARGIN,
        height=_HEIGHT,
        width="100%",
        custom_attrs={"aria-label": f"{title}; arrow keys go from day to day"},
    )


def bar_segment(
    key: str | rx.Var[str], name: str | rx.Var[str], fill: str | rx.Var[str], stack: str = "all"
) -> rx.Component:
    """Draw a segment of each day's bar."""
    return rx.recharts.bar(
        data_key=key,
        name=name,
        fill=fill,
        stack_id=stack,
        stroke="var(--color-background)",
        stroke_width=1,
        max_bar_size=36,
        is_animation_active=False,
    )


def day_line(key: str, name: str, *, dashed: bool = False, colour: str = "var(--accent-10)") -> rx.Component:
    """Draw a line with a point for each day, so that a single day between two without data shows."""
    return rx.recharts.line(
        data_key=key,
        name=name,
        type_="linear",
        stroke=colour,
        stroke_width=1.75,
        stroke_dasharray="5 4" if dashed else "0",
        dot={"r": 2, "fill": "var(--color-background)" if dashed else colour, "strokeDasharray": "0"},
        is_animation_active=False,
    )


def fill_legend(fill: str | rx.Var[str], name: str | rx.Var[str]) -> rx.Component:
    """Draw the legend entry of a fill."""
    return rx.el.li(
        rx.el.svg(
            rx.el.svg.rect(width="14", height="14", rx="3", fill=fill), width="14", height="14", aria_hidden="true"
        ),
        name,
    )


def line_legend(name: str, *, dashed: bool = False, colour: str = "var(--accent-10)") -> rx.Component:
    """Draw the legend entry of a line."""
    return rx.el.li(
        rx.el.svg(
            rx.el.svg.path(
                d="M1 7h20", stroke=colour, stroke_width="2", stroke_dasharray="5 4" if dashed else "0", fill="none"
            ),
            width="22",
            height="14",
            aria_hidden="true",
        ),
        name,
    )


def _shade_pattern(name: str, lines: str) -> rx.Component:
    return rx.el.svg.pattern(
        rx.el.svg.rect(width="8", height="8", class_name=f"shade-{name}"),
        rx.el.svg.path(d=lines, class_name="shade-lines"),
        id=f"shade-{name}",
        width="8",
        height="8",
        pattern_units="userSpaceOnUse",
    )
