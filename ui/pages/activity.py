"""The activity page: figures, hand-overs, and unanswered questions."""

import reflex as rx

from ui.components.activity_charts import activity_charts
from ui.components.charts import shade_patterns
from ui.components.handoffs import handoff_list
from ui.components.shell import page_shell
from ui.state.activity import DAYS, Activity, RunRow, UnansweredRow
from ui.state.handoffs import Handoffs
from ui.view_models.activity_charts import FigureView, TableView


def activity_page() -> rx.Component:
    """Build the page; users see the outcome of their own questions, operators of everyone's."""
    return page_shell(
        rx.el.div(
            _page_head(),
            rx.cond(
                Activity.loaded,
                rx.fragment(
                    rx.cond(Activity.any_runs, _figure_list(), _nothing_yet()),
                    rx.el.div(
                        handoff_list(),
                        rx.cond(Activity.operator, _unanswered_panel()),
                        class_name="side-by-side",
                    ),
                    rx.cond(Activity.any_runs, _daily_figures()),
                    rx.cond(Activity.runs.length() > 0, _latest_runs()),
                ),
                rx.el.p("One moment", role="status", class_name="waiting"),
            ),
            class_name="activity",
        ),
        current="Activity",
    )


def _page_head() -> rx.Component:
    return rx.el.div(
        rx.el.h1("Activity"),
        _range_links(),
        rx.cond(
            Activity.any_runs,
            rx.el.button(
                rx.cond(Activity.as_tables, "Show as charts", "Show as tables"),
                type="button",
                on_click=Activity.toggle_tables,
                class_name="plain",
            ),
        ),
        rx.el.button(
            rx.icon("refresh-cw", size=15, aria_hidden="true"),
            "Refresh",
            type="button",
            on_click=[Activity.load_figures, Handoffs.load_lists],
            class_name="plain refresh",
        ),
        rx.el.span(
            # Empty before the first load, which has its own message.
            rx.cond(
                Activity.loaded,
                rx.cond(Activity.waiting.contains("figures"), "One moment", "As of " + Activity.loaded),
                "",
            ),
            role="status",
            class_name="quiet",
        ),
        class_name="head",
    )


def _range_links() -> rx.Component:
    return rx.el.div(
        *(
            rx.el.a(
                f"{days} days",
                href=f"/activity?days={days}",
                aria_current=rx.cond(Activity.days == days, "true", "false"),
            )
            for days in DAYS
        ),
        role="group",
        aria_label="How many days",
        class_name="choice",
    )


def _figure_list() -> rx.Component:
    return rx.el.dl(rx.foreach(Activity.figures, _figure_entry), class_name="figures")


def _daily_figures() -> rx.Component:
    return rx.cond(
        Activity.as_tables,
        rx.fragment(_table_panel("Day by day", Activity.by_day), _table_panel("Agent by agent", Activity.by_agent)),
        rx.fragment(shade_patterns(), activity_charts()),
    )


def _figure_entry(figure: rx.Var[FigureView]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(figure["name"]),
        rx.el.dd(figure["value"], class_name="value"),
        rx.cond(figure["note"], rx.el.dd(figure["note"], class_name="quiet")),
    )


def _table_panel(title: str, table: rx.Var[TableView] | TableView) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title),
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(rx.foreach(table["head"], lambda name: rx.el.th(name, scope="col")))),
                rx.el.tbody(
                    rx.foreach(
                        table["rows"],
                        lambda row: rx.el.tr(
                            rx.el.th(row[0], scope="row"), rx.foreach(row[1:], lambda value: rx.el.td(value))
                        ),
                    )
                ),
            ),
            class_name="table",
            tab_index=0,
            role="region",
            aria_label=title,
        ),
        class_name="panel",
    )


def _nothing_yet() -> rx.Component:
    return rx.el.section(
        rx.icon("sprout", size=40, aria_hidden="true"),
        rx.el.h2("Quiet so far"),
        rx.el.p("Nothing was asked in these days. What is asked from now on is counted and drawn here."),
        rx.el.a("Ask a question", href="/", class_name="primary-link"),
        class_name="panel empty",
    )


def _unanswered_panel() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Unanswered questions"),
        rx.cond(
            Activity.questions.length() > 0,
            rx.fragment(
                rx.el.ol(rx.foreach(Activity.questions, _unanswered_entry), class_name="questions"),
                rx.el.a("Add what is missing to Knowledge", href="/knowledge"),
            ),
            rx.el.p("Every question of these days found its document.", class_name="quiet"),
        ),
        class_name="panel",
    )


def _unanswered_entry(question: rx.Var[UnansweredRow]) -> rx.Component:
    return rx.el.li(
        rx.el.p(question["text"], class_name="clipped"),
        rx.el.p(rx.el.span(question["times"], class_name="badge"), " ", question["note"], class_name="quiet"),
    )


def _latest_runs() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Latest questions"),
        rx.el.ul(rx.foreach(Activity.runs, _run_entry), class_name="runs"),
        rx.el.div(
            rx.el.button(
                "Newer",
                type="button",
                disabled=Activity.offset == 0,
                on_click=Activity.turn_page(-1),
                class_name="plain",
            ),
            rx.el.span(Activity.shown_range, role="status", class_name="quiet"),
            rx.el.button(
                "Older", type="button", disabled=Activity.is_last, on_click=Activity.turn_page(1), class_name="plain"
            ),
            class_name="paging",
        ),
        class_name="panel",
    )


def _run_entry(run: rx.Var[RunRow]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            run["path"],
            rx.el.a(run["question"], href=run["path"], class_name="clipped"),
            rx.el.span(run["question"], class_name="clipped"),
        ),
        rx.el.p(
            rx.el.span(run["status"], class_name="badge", custom_attrs={"data-status": run["status"]}),
            rx.cond(run["agents"], rx.el.span(run["agents"])),
            rx.cond(run["user"], rx.el.span("by " + run["user"])),
            rx.cond(run["facts"], rx.el.span(run["facts"])),
            rx.el.span(run["asked"]),
            class_name="quiet facts",
        ),
    )
