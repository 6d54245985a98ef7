"""Draws the README's picture of the verdict table from the published file (`make picture`)."""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pipelines.full_status import VerdictTable, verdict_tables
from warehouse.publishing import open_published

WIDTH = 14.5
PICTURE = Path(__file__).with_name("verdicts.svg")
PAPER, INK, PALE = "#ffffff", "#1d2430", "#eef1f5"
SHADES = {"met": "#cfe8d5", "not met": "#f3c9c0", "uncertain": "#fbe7b2", "not evaluable": PALE}


def draw(verdicts: VerdictTable, picture: Path) -> None:
    """Draw one line per target, measure and comparison, one column per edition; legible without colour."""
    lines, editions = len(verdicts.rows), verdicts.editions
    figure, axes = plt.subplots(figsize=(WIDTH, 0.34 * lines + 1.3))
    axes.set(xlim=(0, WIDTH), ylim=(lines + 0.2, -1.6))
    axes.axis("off")
    axes.text(0, -1.25, verdicts.name, fontsize=14, weight="bold", color=INK)
    axes.text(0, -0.75, "each reading: by the words / by the data", fontsize=9, color=INK)
    width = 1.35
    left = WIDTH - width * len(editions)
    for column, edition in enumerate(editions):
        axes.text(left + width * (column + 0.5), -0.3, str(edition), ha="center", weight="bold", color=INK)
    for number, row in enumerate(verdicts.rows):
        axes.text(0, number + 0.5, row.target_id, va="center", fontsize=9, weight="bold", color=INK)
        axes.text(0.45, number + 0.5, row.about, va="center", fontsize=8, color=INK)
        for column, edition in enumerate(editions):
            reading = row.readings.get(edition)
            if reading:
                _cell(axes, left + width * column, number, width, reading)
    figure.savefig(picture, bbox_inches="tight", facecolor=PAPER, metadata={"Date": None})


def _cell(axes: Axes, left: float, top: float, width: float, reading: str) -> None:
    shade = next(SHADES[word] for word in ("not evaluable", "not met", "uncertain", "met") if reading.startswith(word))
    axes.add_patch(Rectangle((left + 0.03, top + 0.06), width - 0.06, 0.88, color=shade, lw=0))
    text = reading.removeprefix("not evaluable: ").replace("not evaluable (", "(").replace(" / ", "\n")
    axes.text(left + width / 2, top + 0.5, text, ha="center", va="center", fontsize=6.5, color=INK)


if __name__ == "__main__":
    mpl.rcParams |= {"svg.hashsalt": "tryghed", "svg.fonttype": "none"}
    draw(next(table for table in verdict_tables(open_published()) if table.rows), PICTURE)
