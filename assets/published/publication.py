"""The published DuckDB file as an asset: made last, once every blocking check of every table has passed."""

import dagster as dg

from assets.tables import OWNERS, expected_trouble, key
from warehouse.contracts import contracts
from warehouse.publishing import publish

PUBLICATION = dg.AssetKey(["published", "tryghed_duckdb"])


@dg.asset(
    key=PUBLICATION,
    group_name="published",
    owners=OWNERS,
    kinds={"duckdb"},
    description="The file that people read: every publishable table, with its comments, in one DuckDB file.",
    deps=[key(table) for table in contracts().values() if table.publish],
)
def publication() -> dg.MaterializeResult[None]:
    """Build the file apart and put it in place; the same content is the same publication."""
    with expected_trouble():
        made = publish()
    return dg.MaterializeResult(
        metadata={
            "publication_id": made.publication_id,
            "file": made.path.name,
            "stable_name_replaced": made.stable is not None,
            "difference": "no difference" if made.unchanged else "first publication" if made.first else "changed",
            "dagster/row_count": sum(difference.rows for difference in made.differences),
            "rows": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {
                            "table": one.table,
                            "rows": one.rows,
                            "made up": one.made_up,
                            "added": one.added,
                            "removed": one.removed,
                            "changed": one.changed,
                        }
                    )
                    for one in made.differences
                ]
            ),
        }
    )


ASSETS = [publication]
