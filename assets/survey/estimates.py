"""Shares estimated from the survey's answers: every area and question of an edition, and the gap to the municipality.

The formulas are in `assets/methods/samples.py`. Which figure a target takes, this one or a published one, is decided in
`safety.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.indicators.figures import conventions_of
from assets.methods import samples
from assets.methods.limits import Array
from assets.methods.samples import Design, Estimates
from assets.tables import edition_table
from warehouse.contracts import Row, contracts, records

LEFT_OUT = ("left_out", "dont_know", "no_answer")  # what is no answer to a question


@dataclass(frozen=True)
class Survey:
    """The answers of one edition as arrays: the design, who belongs to which area, and what they answered.

    `areas` and `yes` have a column of respondents for each area and measure; `yes` is NaN where no answer counts.
    """

    design: Design
    areas: dict[str, Array]
    municipality_of: dict[str, str]
    yes: dict[str, Array]
    constants: Row


def estimates(
    answers: pd.DataFrame,
    measures: pd.DataFrame,
    areas: pd.DataFrame,
    area_members: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """One row per area and measure of the edition that anybody answered."""
    table = contracts()["safety.estimates"]
    if answers.empty:
        return table.frame([])
    survey, values = survey_of(answers, measures, areas, area_members), conventions_of(conventions)
    found = samples.estimates(survey.design, _columns(survey.yes), _columns(survey.areas))
    return table.frame(list(_estimate_rows(survey, found, values)))


def gaps(
    answers: pd.DataFrame,
    measures: pd.DataFrame,
    areas: pd.DataFrame,
    area_members: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """One row per area within a municipality and measure of the edition, where enough answered inside and outside of it."""
    table = contracts()["safety.gaps"]
    if answers.empty:
        return table.frame([])
    survey, values = survey_of(answers, measures, areas, area_members), conventions_of(conventions)
    rows = [row for area in survey.municipality_of for row in _gap_rows(survey, area, values)]
    return table.frame(sorted(rows, key=lambda row: (row["area_id"], row["measure"])))


def survey_of(answers: pd.DataFrame, measures: pd.DataFrame, areas: pd.DataFrame, area_members: pd.DataFrame) -> Survey:
    """The edition's answers. Two producers' strata are different ones, whatever they are called."""
    stratum = pd.factorize(answers["extract"] + " " + answers["stratum"])[0]
    population = answers.groupby(stratum)["stratum_population_residents"].max().to_numpy(float)
    municipality_of = _municipalities(answers, areas, area_members)
    return Survey(
        design=Design(stratum, _residents_stood_for(answers, stratum, population), population),
        areas=_members(answers, municipality_of),
        municipality_of=municipality_of,
        yes={measure: column for measure, column in _yes(answers, measures) if not np.isnan(column).all()},
        constants={
            "edition": int(answers["edition"].iloc[0]),
            "rule_version": int(answers["rule_version"].iloc[0]),
            "provenance": answers["provenance"].max(),  # synthetic as soon as one file is
            "method": samples.METHOD,
        },
    )


def _residents_stood_for(answers: pd.DataFrame, stratum: Array, population: Array) -> Array:
    """The weights as numbers of residents: a producer's weights may be in proportion to them, with a mean of 1.

    Those of each producer add up to the population of its strata.
    """
    weights, extracts = answers["weight"].to_numpy(float), answers["extract"].to_numpy()
    for extract in np.unique(extracts):
        own = extracts == extract
        weights[own] *= population[np.unique(stratum[own])].sum() / weights[own].sum()
    return weights


def _municipalities(answers: pd.DataFrame, areas: pd.DataFrame, area_members: pd.DataFrame) -> dict[str, str]:
    """The municipality of each area that somebody answered in: the one it is a member of, itself or through another."""
    whole = set(areas.loc[areas["level"] == "municipality", "area_id"])
    of_area = area_members[area_members["area_id"].isin(whole)].set_index("member_area_id")["area_id"].to_dict()
    named = pd.concat([answers["area_id"], answers["partnership_area_id"]]).dropna().unique()
    return {area: of_area[area] for area in sorted(named) if area in of_area}


def _members(answers: pd.DataFrame, municipality_of: dict[str, str]) -> dict[str, Array]:
    """Who belongs to each area. Whoever's bydel is not known belongs to the municipality of the producer's others."""
    inside = {
        area: (answers["area_id"].eq(area) | answers["partnership_area_id"].eq(area)).fillna(value=False).to_numpy(bool)
        for area in municipality_of
    }
    municipality = answers["area_id"].map(municipality_of).fillna(answers["partnership_area_id"].map(municipality_of))
    usual = municipality.groupby(answers["extract"]).transform(lambda one: one.dropna().mode().get(0))
    lives_in = municipality.fillna(usual)
    return inside | {one: lives_in.eq(one).fillna(value=False).to_numpy(bool) for one in lives_in.dropna().unique()}


def _yes(answers: pd.DataFrame, measures: pd.DataFrame) -> Iterator[tuple[str, Array]]:
    """Of each question 1 for the answer that is counted, 0 for another, NaN for none."""
    for measure in records(measures):
        if measure["asked_as"] is not None:
            given = answers[measure["asked_as"]]
            counts = given.notna() & ~given.isin(LEFT_OUT)
            yes = given.eq(measure["answer"]).fillna(value=False).to_numpy(float)
            yield measure["measure"], np.where(counts.to_numpy(bool), yes, np.nan)


def _columns(named: dict[str, Array]) -> Array:
    return np.column_stack(list(named.values()))


def _estimate_rows(survey: Survey, found: Estimates, values: dict[str, float]) -> Iterator[Row]:
    confidence = values["confidence_level"]
    low, high = samples.korn_graubard_limits(found, confidence)
    logit_low, logit_high = samples.logit_limits_where_enough(found, confidence)
    shown = samples.presentable(found, low, high, values["fewest_answers"])
    for at, area in sorted(enumerate(survey.areas), key=lambda one: one[1]):
        for question, measure in sorted(enumerate(survey.yes), key=lambda one: one[1]):
            cell = at, question
            if found.answers[cell]:
                yield survey.constants | {
                    "area_id": area,
                    "measure": measure,
                    "answers": int(found.answers[cell]),
                    "share_percent": 100 * found.share[cell],
                    "standard_error_points": 100 * found.standard_error[cell],
                    "design_effect": _number(found.design_effect[cell]),
                    "degrees_of_freedom": int(found.degrees[cell]),
                    "logit_low_percent": _percent(logit_low[cell]),
                    "logit_high_percent": _percent(logit_high[cell]),
                    "korn_graubard_low_percent": _percent(low[cell]),
                    "korn_graubard_high_percent": _percent(high[cell]),
                    "presentable": bool(shown[cell]),
                }


def _gap_rows(survey: Survey, area: str, values: dict[str, float]) -> Iterator[Row]:
    """With fewer answers than may be told, in the area or in the rest, the gap would tell what they were."""
    municipality, fewest = survey.municipality_of[area], values["fewest_answers"]
    inside, whole, yes = survey.areas[area], survey.areas[municipality], _columns(survey.yes)
    rest = samples.estimates(survey.design, yes, (whole & ~inside)[:, None])
    low, high = samples.korn_graubard_limits(rest, values["confidence_level"])
    answers = (inside[:, None] & ~np.isnan(yes)).sum(axis=0)
    gap, variance = samples.gap(survey.design, yes, inside, whole)
    for question, measure in enumerate(survey.yes):
        if min(rest.answers[0, question], answers[question]) >= fewest:
            yield survey.constants | {
                "area_id": area,
                "measure": measure,
                "municipality_id": municipality,
                "gap_points": 100 * gap[question],
                "gap_standard_error_points": 100 * np.sqrt(variance[question]),
                "rest_answers": int(rest.answers[0, question]),
                "rest_share_percent": 100 * rest.share[0, question],
                "rest_low_percent": _percent(low[0, question]),
                "rest_high_percent": _percent(high[0, question]),
            }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _percent(value: float) -> float | None:
    return None if np.isnan(value) else 100 * float(value)


ASSETS = [edition_table("safety.estimates", estimates), edition_table("safety.gaps", gaps)]
