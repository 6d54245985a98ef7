"""Published figures as somebody would type them into a table: the project's own, as they stand in its reference data."""

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.writing import Extract, area_names, labels_of
from warehouse.reference_files import Reference

FORMATS: dict[int, Format] = {2018: "xlsx", 2022: "xlsx", 2025: "xlsx"}


def figures_extract(layout: Layout, reference: Reference) -> Extract:
    """Return the published figures of the edition in a row of their own each: no number in it is made up."""
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
