"""Classes for the entries of an agreement's YAML file: its areas, parties and targets.

`Rule` lists the names of the rules. `assets/targets/rules.py` applies these rules, with the formulas of
`assets/methods/judgements.py`.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Rule = Literal[
    "falls_every_year",
    "approaches_comparison_area",
    "held_at_baseline",
    "reported_every_year",
    "at_least",
    "at_most",
    "own_goals",
]


class Part(BaseModel):
    """Base class of the entries of an agreement's YAML file. pydantic refuses an entry that has an unknown field."""

    model_config = ConfigDict(extra="forbid")


class AgreementArea(Part):
    """A version of the partnership area, and the first and last day on which the agreement uses this version."""

    area_id: str
    area_version: int
    valid_from: date | None = None
    valid_to: date | None = None
    reason: str = Field(min_length=1)


class Target(Part):
    """A target of an agreement: its rule, the years in which it is judged, and its limit or baseline."""

    target_id: str
    rule: Rule
    measures: list[str] = Field(min_length=1)
    area_id: str | None = None
    text_da: str = Field(min_length=1)
    text_en: str = Field(min_length=1)
    period_of: Literal["edition", "crime_year"]
    first_year: int = Field(ge=2009, le=2100)
    last_year: int = Field(ge=2009, le=2100)
    baseline_year: int | None = Field(default=None, ge=2009, le=2100)
    limit_value: float | None = Field(default=None, allow_inf_nan=False)
    tolerance: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    waits_for: str
    source_id: str | None = None
    note: str | None = None


class Agreement(Part):
    """The public part of a partnership agreement."""

    agreement_id: str = Field(pattern=r"^[a-z0-9_]+$")
    name_da: str
    name_en: str
    source_id: str
    first_day: date | None = None
    last_day: date | None = None
    target_year: int | None = Field(default=None, ge=2009, le=2100)
    baseline_edition: int | None = None
    share_interval: Literal["korn_graubard", "logit"] = "korn_graubard"
    fewest_reports_shown: int = Field(default=5, ge=2, le=100)
    area_id: str
    comparison_area_id: str
    areas: list[AgreementArea] = Field(min_length=1)
    parties: list[str]
    note: str | None = None
    targets: list[Target]
