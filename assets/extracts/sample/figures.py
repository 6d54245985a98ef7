"""Make a file that looks like a hand-typed table of the published figures in the reference data."""

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.writing import Extract, area_names, labels_of
from warehouse.reference_files import Reference

FORMATS: dict[int, Format] = {2018: "xlsx", 2022: "xlsx", 2025: "xlsx"}


def figures_extract(layout: Layout, reference: Reference) -> Extract:
    """Return a file with one row for each published figure of the layout's edition. No figure is made up.

    A figure is left out if the producer has no label for its measure or no code for its area.
    """
    edition = layout.edition
    names = area_names(layout.writing.area_code_system, reference)
    words = labels_of(layout, "measure").values()
    figures = reference["reference.published_figures"].query("edition == @edition")
    figures = figures[figures["measure"].isin(words) & figures["area_id"].isin(list(names))]
    frame = figures.rename(columns={"edition": "figure_edition", "source_id": "source"}).assign(
        area_code=figures["area_id"].map(names), **figures[["value", "answers", "invited"]].astype("float64")
    )
    frame = frame[list(layout.columns)].reset_index(drop=True)
    return Extract(layout, "offentliggjorte_tal", FORMATS.get(edition, "csv"), frame)
