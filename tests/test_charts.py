"""Charts of the common questions: unit, legend, marks on what is not over, nothing cut."""

import itertools

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest

from energy.errors import DataError, UnknownName
from energy.publish import charts

CHARTS = {
    "exports": (lambda t: t.plot.exports(start="2019"), "bcm at 20 °C a period"),
    "exports in energy": (
        lambda t: t.plot.exports("Q", "TWh", start="2025Q1"),
        "TWh (GCV) a period",
    ),
    "route": (lambda t: t.plot.route("Nord Stream 1", start="2020Q1"), "bcm at 20 °C a period"),
    "accounts": (lambda t: t.plot.money.accounts(), "RUB bn (bars)"),
    "waterfall": (lambda t: t.plot.money.waterfall("2023"), "RUB bn"),
    "netback": (lambda t: t.plot.money.netback("nord-stream-1", "2020"), "USD/1000 m3"),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_names_its_unit_and_colours_and_cuts_nothing(tracker, name):
    make, unit = CHARTS[name]
    ax = make(tracker)
    assert ax.get_ylabel() == unit and ax.get_title()
    assert len(ax.get_legend().get_texts()) >= 2
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    for bar in ax.patches:  # also what grows downwards
        assert low <= min(bar.get_y(), bar.get_y() + bar.get_height())
        assert max(bar.get_y(), bar.get_y() + bar.get_height()) <= high
    assert "_" not in "".join(text.get_text() for text in ax.get_xticklabels())


def test_the_bars_are_the_markets_and_the_mark_their_sum(tracker):
    ax = tracker.plot.exports(start="2021", end="2021")
    heights = [bar.get_height() for bar in ax.patches]
    year = tracker.exports().query("market == 'exports' and period == '2021'")["flow"].iloc[0]
    assert sum(heights) == pytest.approx(year, abs=0.01)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[0] == "europe" and "total, P10 to P90" in names


def test_a_period_that_is_not_over_is_hatched_and_starred(tracker):
    rows = tracker.exports("Q")
    rows = rows[rows["period"].isin(["2025Q4", "2026Q2"])].assign(
        whole=lambda table: table["period"] == "2025Q4"
    )
    ax = charts.exports(rows)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["2025Q4", "2026Q2*"]
    assert {bar.get_hatch() for bar in ax.patches[1::2]} == {charts.PARTIAL}
    assert ax.get_legend().get_texts()[-1].get_text() == "* period not over"


def test_labels_never_run_into_one_another(tracker):
    ax = tracker.plot.route("blue-stream", "M")
    assert len(ax.get_xticks()) <= 8  # 70 letters beside one another
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.get_xticklabels()]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


@pytest.mark.once
def test_gates_and_mirror_are_drawn_on_the_axes_given(tracker):
    _, (left, right) = plt.subplots(1, 2)
    assert tracker.plot.gates("power-of-siberia-2", ax=left) is left
    assert tracker.plot.mirror("turkstream-2", "2026-01", right) is right
    assert left.get_xlabel() == "year" and "bcm" in right.get_xlabel()
    names = {text.get_text() for text in left.get_legend().get_texts()}
    assert {"passed", "P10 to P90", "P50", "day of the facts"} == names


def test_what_cannot_be_drawn_is_told(tracker):
    with pytest.raises(DataError, match="no period is left to draw"):
        tracker.plot.exports(start="2090")
    with pytest.raises(UnknownName, match="Unknown metric 'net_profits'"):
        tracker.plot.money.accounts("net_profits")
    with pytest.raises(DataError, match="2 routes are given; draw one"):
        charts.route(tracker.flows(["blue-stream", "nord-stream-1"]))
    with pytest.raises(
        DataError, match="no year of 'average_price_change_usd' of the group is in roubles"
    ):
        tracker.plot.money.accounts("average_price_change_usd")
