"""What the status says of deliveries that are missing."""

import pytest

from pipelines.status import missing_deliveries
from tests.delivering import published_in_memory
from tests.scenarios import count, make
from warehouse.contracts import contracts


@pytest.mark.parametrize(
    ("reports", "editions"),
    [(None, (2021, 2022, 2023, 2024, 2025)), (30, (2022, 2023, 2024, 2025)), (3, (2022, 2023, 2024, 2025))],
)
def test_a_hidden_count_is_no_missing_delivery(reports: int | None, editions: tuple[int, ...]) -> None:
    kinds = ("harassment", "vandalism", "narcotics", "threats")
    rows = [] if reports is None else [count(reports, 2021, crime_type=kind) for kind in kinds]
    tables = make([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(rows)))
    with published_in_memory(tables) as connection:
        found = {delivery.name: delivery.editions for delivery in missing_deliveries(connection, "en")}
    assert found["Reports of harassment, vandalism, narcotics and threats"] == editions
