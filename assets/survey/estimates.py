"""From the survey's answers, estimate shares for every area and question, and gaps to the municipality.

A gap is the difference between the share of an area and the share of its municipality. `respondents.sql` gives the
areas in which each respondent is counted, and the respondent's answers. The formulas are in
`assets/methods/samples.py`. `yearly_shares.sql` chooses between an estimated and a published share.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.methods import samples
from assets.methods.limits import Array
from assets.methods.samples import Design
from warehouse.contracts import contracts, to_pandas


@dataclass(frozen=True)
class Survey:
    """The survey of one edition as arrays: the sampling design, each respondent's areas, and each respondent's answers.

    `inside` and `yes` have a row for each respondent. `inside` has a column for each of `areas`, and says whether the
    respondent belongs to the area. `yes` has a column for each of `measures`: 1 is a yes, 0 is another answer, and NaN
    means that the respondent is not counted for this measure. `municipality_of` gives the municipality of each area
    that is not a municipality itself.
    """

    design: Design
    areas: pd.Index
    inside: Array
    municipality_of: dict[str, str]
    measures: pd.Index
    yes: Array


def estimates(respondents: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the table safety.estimates. It has a row for each pair of area and measure with at least one answer.

    `respondents` has the rows of `respondents.sql`.
    """
    table = contracts()["safety.estimates"]
    if respondents.empty:
        return table.frame([])
    survey, confidence = survey_of(respondents), conventions["confidence_level"]
    shares = samples.estimates(survey.design, survey.yes, survey.inside)
    low, high = samples.korn_graubard_limits(shares, confidence)
    logit_low, logit_high = samples.logit_limits_where_enough(shares, confidence)
    shown = samples.presentable(shares, low, high, conventions["fewest_answers"])
    area, measure = cells = np.nonzero(shares.answers)
    effect = shares.design_effect[cells]
    columns = {
        "area_id": survey.areas[area],
        "measure": survey.measures[measure],
        "answers": shares.answers[cells].astype(int),
        "share_percent": 100 * shares.share[cells],
        "standard_error_points": 100 * shares.standard_error[cells],
        "design_effect": np.where(np.isfinite(effect), effect, np.nan),
        "degrees_of_freedom": shares.degrees[cells].astype(int),
        "logit_low_percent": 100 * logit_low[cells],
        "logit_high_percent": 100 * logit_high[cells],
        "korn_graubard_low_percent": 100 * low[cells],
        "korn_graubard_high_percent": 100 * high[cells],
        "presentable": shown[cells],
    }
    return to_pandas(table.arrow(pd.DataFrame(columns).assign(**_constants(respondents))))


def gaps(respondents: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the table safety.gaps. Each row has the gap between an area and its municipality, for one measure.

    `respondents` has the rows of `respondents.sql`. A row is left out if there are too few answers in the area, or too
    few in the rest of the municipality.
    """
    table = contracts()["safety.gaps"]
    if respondents.empty:
        return table.frame([])
    survey = survey_of(respondents)
    parts = [_gaps_of(survey, area, conventions) for area in survey.municipality_of]
    if not parts:
        return table.frame([])
    return to_pandas(table.arrow(pd.concat(parts, ignore_index=True).assign(**_constants(respondents))))


def survey_of(respondents: pd.DataFrame) -> Survey:
    """Return the survey of an edition as arrays.

    Strata of different producers are different strata, even if they have the same name.
    """
    stratum = pd.factorize(respondents["extract"] + " " + respondents["stratum"])[0]
    population = respondents.groupby(stratum)["stratum_population_residents"].max().to_numpy(float)
    municipality = respondents["municipality_id"]
    places = respondents["areas"].explode().dropna()
    within = pd.DataFrame({"area_id": places, "municipality_id": municipality[places.index]})
    within = within.dropna().drop_duplicates().sort_values(["area_id", "municipality_id"])
    areas = pd.Index(sorted({*within["area_id"], *municipality.dropna().unique()}), dtype=object)
    measures = pd.Index(sorted(respondents["answered"].explode().dropna().unique()), dtype=object)
    counts, yes = (_holds(respondents[name], measures) for name in ("answered", "answered_so"))
    return Survey(
        design=Design(stratum, _weights_as_residents(respondents, stratum, population), population),
        areas=areas,
        inside=_holds(respondents["areas"], areas) | _holds(municipality, areas),
        municipality_of=dict(zip(within["area_id"], within["municipality_id"], strict=True)),
        measures=measures,
        yes=np.where(counts, yes.astype(float), np.nan),
    )


def _weights_as_residents(respondents: pd.DataFrame, stratum: Array, population: Array) -> Array:
    """Return the respondents' weights, scaled so that a weight says how many residents the respondent stands for.

    The weights of each producer's respondents then add up to the number of residents in the producer's strata. Scaling
    is needed because a producer's weights may be relative, with a mean of 1.
    """
    weights, extracts = respondents["weight"].to_numpy(float).copy(), respondents["extract"].to_numpy()
    for extract in np.unique(extracts):
        of_extract = extracts == extract
        weights[of_extract] *= population[np.unique(stratum[of_extract])].sum() / weights[of_extract].sum()
    return weights


def _holds(lists: pd.Series, names: pd.Index) -> Array:
    """Return an array that says whether each list (row) contains each name (column)."""
    words = lists.explode().dropna()
    table = np.zeros((len(lists), len(names)), dtype=bool)
    table[words.index, names.get_indexer(pd.Index(words))] = True
    return table


def _constants(respondents: pd.DataFrame) -> dict[str, int | str]:
    """Return the columns that have the same value in all rows of an edition."""
    return {
        "edition": int(respondents["edition"].iloc[0]),
        "rule_version": int(respondents["rule_version"].iloc[0]),
        "provenance": str(respondents["provenance"].max()),  # `synthetic` if at least one row is
        "method": samples.METHOD,
    }


def _gaps_of(survey: Survey, area: str, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the gaps between one area and its municipality, with a row for each measure.

    Each row also has the share in the rest of the municipality, which is the part outside the area. A row is left out
    if there are too few answers in the area or in the rest, because the gap would then reveal single answers.
    """
    municipality = survey.municipality_of[area]
    inside, whole = (survey.inside[:, survey.areas.get_loc(name)] for name in (area, municipality))
    outside = samples.estimates(survey.design, survey.yes, (whole & ~inside)[:, None])
    low, high = samples.korn_graubard_limits(outside, conventions["confidence_level"])
    answers = (inside[:, None] & ~np.isnan(survey.yes)).sum(axis=0)
    gap, variance = samples.gap(survey.design, survey.yes, inside, whole)
    rows = pd.DataFrame(
        {
            "area_id": area,
            "measure": survey.measures,
            "municipality_id": municipality,
            "gap_points": 100 * gap,
            "gap_standard_error_points": 100 * np.sqrt(variance),
            "rest_answers": outside.answers[0].astype(int),
            "rest_share_percent": 100 * outside.share[0],
            "rest_low_percent": 100 * low[0],
            "rest_high_percent": 100 * high[0],
        }
    )
    return rows[np.minimum(outside.answers[0], answers) >= conventions["fewest_answers"]]
