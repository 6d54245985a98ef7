"""Draws the README's picture of an agreement's verdicts from the published file in TRYGHED_HOME (`make picture`).

If that data folder has the made-up sample, the picture is `verdicts_sample.svg` and is marked as made up. Otherwise it is
`verdicts_published.svg`. A slow test draws both, and fails if a committed picture is different.
"""

import os
from pathlib import Path

import duckdb
import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from assets.targets.sentences import Words
from pipelines.full_status import words
from pipelines.status import AgreementStatus, Reading, agreements, figures_of, is_made_up, name_of, verdict_of
from warehouse.publishing import open_published

FOLDER = Path(__file__).parent
WIDTH, ROW, NAME, CELL = 12.4, 0.31, 3.2, 2.3
PAPER, INK = "#ffffff", "#1d2430"
SHADES = {
    "met": "#cfe8d5",
    "not_met": "#f3c9c0",
    "uncertain": "#fbe7b2",
    "reported": "#dfe6f2",
    "not_evaluable": "#eef1f5",
}


def draw(connection: duckdb.DuckDBPyConnection, folder: Path = FOLDER) -> Path:
    """Draw the agreement that has targets, and return the picture's path.

    Each measure of a target has a line, and each year has a column. The picture can be read without colour: each cell
    has the figure, the reading by the words and the reading by the data.
    """
    os.environ["TRYGHED_LANGUAGE"] = "en"
    mpl.rcParams |= {"svg.hashsalt": "tryghed", "svg.fonttype": "none"}
    edition_rows = connection.execute("SELECT DISTINCT edition FROM targets.verdicts ORDER BY edition").fetchall()
    statuses = [_with_targets(connection, edition) for (edition,) in edition_rows]
    cells = {
        (reading.target_id, name_of(reading), reading.year): reading
        for status in statuses
        for reading in status.readings
    }
    lines = list(dict.fromkeys((target_id, name) for target_id, name, _ in cells))
    years = sorted({year for *_, year in cells})[-4:]
    made_up, english_words = is_made_up(connection), words(connection)
    height = len(lines) * ROW + 1.1
    figure, axes = plt.subplots(figsize=(WIDTH, height))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    _title(axes, statuses[-1].name, made_up)
    for column, year in enumerate(years):
        axes.text(NAME + CELL * (column + 0.5), 0.95, str(year), ha="center", weight="bold", color=INK, fontsize=9)
    for number, (target_id, name) in enumerate(lines):
        top = 1.05 + number * ROW
        axes.text(0, top + ROW / 2, target_id, va="center", fontsize=8, weight="bold", color=INK)
        axes.text(0.35, top + ROW / 2, name, va="center", fontsize=8, color=INK)
        for column, year in enumerate(years):
            if (target_id, name, year) in cells:
                _cell(axes, NAME + CELL * column, top, cells[target_id, name, year], english_words)
    path = folder / f"verdicts_{'sample' if made_up else 'published'}.svg"
    figure.savefig(path, bbox_inches="tight", facecolor=PAPER, metadata={"Date": None})
    plt.close(figure)
    return path


def _with_targets(connection: duckdb.DuckDBPyConnection, edition: int) -> AgreementStatus:
    return next(status for status in agreements(connection, edition) if status.readings)


def _title(axes: Axes, name: str, made_up: bool) -> None:
    axes.text(0, 0.2, name, fontsize=13, weight="bold", color=INK)
    kind = "MADE-UP FIGURES of the sample" if made_up else "Published figures alone"
    axes.text(0, 0.55, f"{kind}. In each cell: figures · by the words · by the data", fontsize=8.5, color=INK)


def _cell(axes: Axes, left: float, top: float, reading: Reading, english_words: Words) -> None:
    evaluable = reading.literal != "not_evaluable"
    shown = "uncertain" if evaluable and reading.statistical != reading.literal else reading.literal
    shade = SHADES["reported" if reading.is_report else shown]
    axes.add_patch(Rectangle((left + 0.03, top + 0.02), CELL - 0.06, ROW - 0.04, color=shade, lw=0))
    verdict = " · ".join(verdict_of(reading, english_words))
    text = f"{figures_of(reading, english_words)}\n{verdict}" if evaluable or reading.value is not None else verdict
    axes.text(left + CELL / 2, top + ROW / 2, text, ha="center", va="center", fontsize=6.5, color=INK, linespacing=1.15)


if __name__ == "__main__":
    print(draw(open_published()).name)
