"""The Dagster asset that builds the published DuckDB file, after all blocking checks of all tables have passed."""

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
    description="The file that people read: every published table, with its comments, in one DuckDB file.",
    deps=[key(table) for table in contracts().values() if table.publish],
)
def publication() -> dg.MaterializeResult[None]:
    """Build the published file, unless a publication with the same content exists already.

    The file is built in a temporary place and then moved into the folder of publications. The id of a publication is
    made from its content.
    """
    with expected_trouble():
        published = publish()
    changed = "no difference" if published.unchanged else "first publication" if published.first else "changed"
    return dg.MaterializeResult(
        metadata={
            "publication_id": published.publication_id,
            "file": published.path.name,
            "stable_name_replaced": published.stable is not None,
            "difference": changed,
            "dagster/row_count": sum(difference.rows for difference in published.differences),
            "rows": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {
                            "table": difference.table,
                            "rows": difference.rows,
                            "made up": difference.made_up,
                            "added": difference.added,
                            "removed": difference.removed,
                            "changed": difference.changed,
                        }
                    )
                    for difference in published.differences
                ]
            ),
        }
    )


ASSETS = [publication]
