"""Make up a file of the safety survey: its strata, its respondents, and their weights and answers.

`aimed_shares.py` decides which shares the answers should give. `writing.py` writes the file.
"""

from datetime import date

import numpy as np
import pandas as pd

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.aimed_shares import DAY, EVENING, stratum_shares
from assets.extracts.sample.population import residents
from assets.extracts.sample.untidy_names import untidy_names
from assets.extracts.sample.writing import Extract, area_names, labels_of
from warehouse.reference_files import Reference

FORMATS: dict[int, Format] = {2017: "sav", 2019: "sav", 2021: "sav", 2020: "xlsx", 2023: "xlsx", 2025: "xlsx"}
AGED_15_AND_OVER = 0.845  # the share of all residents who are aged 15 and over
DESIGN_EFFECT = 1.4  # the design effect of the weights of the whole file
ANSWERS, RESPONSE = 4_050, 0.28  # the number of answers and the response rate if they were not published
LEFT_OUT = 0.02  # the share of respondents without a view
MOST_BAD = 8  # the largest number of bad rows in a file

# The assumed bydel of each partnership area that reference.area_members does not list.
BYDEL_OF = {"amager_partnership": "amager_vest"}

RATES = {
    "exposed_theft": 0.14,
    "exposed_vandalism_neighbourhood": 0.11,
    "exposed_vandalism_own": 0.07,
    "exposed_harassment": 0.06,
    "exposed_burglary": 0.04,
    "exposed_threats": 0.04,
    "exposed_robbery": 0.01,
    "exposed_violence": 0.015,
    "exposed_sale_of_hash": 0.16,
    "exposed_sale_of_other_drugs": 0.06,
    "worry_bicycle_theft": 0.38,
    "worry_burglary": 0.24,
    "worry_noise": 0.22,
    "worry_vandalism": 0.18,
    "worry_graffiti": 0.12,
    "worry_groups": 0.19,
    "worry_threats": 0.12,
    "worry_robbery": 0.11,
    "worry_violence": 0.12,
    "worry_sale_of_drugs": 0.15,
}


def survey_extract(layout: Layout, seed: int, reference: Reference) -> Extract:
    """Return a file with the answers of the layout's edition.

    The number of good rows is the published number of answers, or a made-up number if none was published. A few bad
    rows follow at the end.
    """
    edition = layout.edition
    rng = np.random.default_rng([seed, edition, 1])
    strata = _strata(edition, seed, reference, rng)
    shares = stratum_shares(strata, edition, reference)
    rows = strata.loc[strata.index.repeat(strata["answers"])].reset_index(names="in_stratum")
    rows["weight"] = _weights(strata, rows["in_stratum"].to_numpy(), rng)
    rows = _answer(rows, shares, rng)
    file = _as_delivered(rows, layout, reference, rng)
    file = _with_bad_rows(file, edition, rng)
    return Extract(layout, "tryghedsundersoegelse", FORMATS.get(edition, "csv"), file)


# --- strata and weights ------------------------------------------------------------------------------------


def _strata(edition: int, seed: int, reference: Reference, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row for each stratum of the survey.

    Each row has the stratum's bydel and its partnership area. The partnership area is None if the stratum lies outside
    all partnership areas. The row also has three numbers: the residents aged 15 and over, the invited residents, and
    the answers.
    """
    strata = _areas_of_strata(edition, seed, reference)
    answers, invited = _published_numbers(edition, reference)
    in_partnership = strata["partnership_id"].notna()
    strata["answers"] = 0
    strata.loc[in_partnership, "answers"] = rng.integers(255, 346, in_partnership.sum())
    answers_outside = answers - int(strata["answers"].sum())
    strata.loc[~in_partnership, "answers"] = _apportioned(
        answers_outside, strata["residents"][~in_partnership].to_numpy() ** 0.8
    )
    without_answer = _apportioned(
        invited - answers, strata["answers"].to_numpy() * rng.uniform(0.85, 1.15, len(strata))
    )
    strata["stratum_invited"] = strata["answers"] + without_answer
    return strata


def _areas_of_strata(edition: int, seed: int, reference: Reference) -> pd.DataFrame:
    counts = {area: round(count * AGED_15_AND_OVER) for area, count in residents(reference, edition, seed).items()}
    areas = reference["reference.areas"]
    bydele = sorted(areas.query("level == 'survey_bydel'")["area_id"])
    partnerships = sorted(set(areas.query("level == 'partnership_area'")["area_id"]))
    inside = _bydel_of(partnerships, bydele, reference)
    names = dict(zip(areas["area_id"], areas["name_da"], strict=True))
    outside = {
        area: counts[area] - sum(counts[partnership] for partnership in partnerships if inside[partnership] == area)
        for area in bydele
    }
    strata = [(names[area], area, None, outside[area]) for area in bydele]
    strata += [(names[area], inside[area], area, counts[area]) for area in partnerships]
    frame = pd.DataFrame(strata, columns=["stratum", "area_id", "partnership_id", "residents"])
    has_part = frame["partnership_id"].isna() & frame["area_id"].isin(inside.values())
    frame["stratum"] = frame["stratum"].where(~has_part, frame["stratum"] + ", øvrige")
    return frame


def _bydel_of(partnerships: list[str], bydele: list[str], reference: Reference) -> dict[str, str]:
    """Return the bydel that each partnership area lies in, keyed by the partnership area."""
    members = reference["reference.area_members"].query("area_id in @bydele and member_area_id in @partnerships")
    return BYDEL_OF | dict(zip(members["member_area_id"], members["area_id"], strict=True))


def _published_numbers(edition: int, reference: Reference) -> tuple[int, int]:
    """Return the number of answers and the number of invited residents in the edition.

    A number that was not published is made up.
    """
    figures = reference["reference.published_figures"].query("edition == @edition and area_id == 'copenhagen'")
    answers = int(figures["answers"].max()) if figures["answers"].notna().any() else ANSWERS + edition % 7 * 10
    invited = int(figures["invited"].max()) if figures["invited"].notna().any() else round(answers / RESPONSE)
    return answers, invited


def _apportioned(total: int, sizes: np.ndarray) -> np.ndarray:
    """Divide a total into whole numbers that are in proportion to `sizes` and add up to the total.

    This is the method of the largest remainder.
    """
    exact = total * sizes / sizes.sum()
    parts: np.ndarray = np.floor(exact).astype(int)
    parts[np.argsort(parts - exact, kind="stable")[: total - parts.sum()]] += 1
    return parts


def _weights(strata: pd.DataFrame, in_stratum: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random weight for each respondent. The weights in a stratum add up to the stratum's residents.

    The design effect of the file has two causes: the strata are sampled at different rates, and the weights in a
    stratum differ at random. Together they make it about DESIGN_EFFECT.
    """
    size, answers = strata["residents"].to_numpy(), strata["answers"].to_numpy()
    strata_effect = answers.sum() * (size**2 / answers).sum() / size.sum() ** 2
    sigma = np.sqrt(np.log(max(DESIGN_EFFECT / strata_effect, 1.02)))
    raw = np.exp(np.clip(rng.normal(0, sigma, len(in_stratum)), -2.5 * sigma, 2.5 * sigma))
    sums = np.bincount(in_stratum, raw)
    weights: np.ndarray = np.round(raw * (size / sums)[in_stratum], 4)
    return weights


# --- answers -----------------------------------------------------------------------------------------------


def _answer(rows: pd.DataFrame, shares: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add two random classes for each respondent: one for the answer about the day, and one for the evening.

    A class is `unsafe`, `neither`, `safe` or `left_out`. Most respondents who feel unsafe by day also feel unsafe in
    the evening.
    """
    unsafe_first = {"unsafe": 2.0, "neither": 1.0, "safe": 0.0, "left_out": 0.5}
    classes = {time: np.full(len(rows), "safe", dtype=object) for time in (DAY, EVENING)}
    for places in rows.groupby("in_stratum").indices.values():
        weights, aims = rows["weight"].to_numpy()[places], shares.loc[rows["in_stratum"].iloc[places[0]]]
        mood = rng.random(len(places))
        for time in (DAY, EVENING):
            aim = {name: aims[f"{name}{time}"] / 100 for name in ("unsafe", "neither")}
            drawn = _classes(weights, np.argsort(-mood, kind="stable"), aim, rng)
            classes[time][places] = drawn
            mood = np.array([unsafe_first[name] for name in drawn]) + rng.normal(0, 0.5, len(places))
    return rows.assign(safety_answer=classes[DAY], safety_evening_answer=classes[EVENING])


def _classes(weights: np.ndarray, order: np.ndarray, aim: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Return the class of each respondent's answer in one stratum.

    A few random respondents are `left_out`. All others are taken in the sequence `order`: the first are `unsafe`, the
    next are `neither`, and the rest are `safe`. `aim` has the share of their total weight that each of the classes
    `unsafe` and `neither` should get.
    """
    classes = np.full(len(weights), "safe", dtype=object)
    classes[rng.random(len(weights)) < LEFT_OUT] = "left_out"
    total_weight = weights[classes != "left_out"].sum()
    for name, share in aim.items():
        free = order[classes[order] == "safe"]
        classes[_adding_up_to(share * total_weight, weights, free)] = name
    return classes


def _adding_up_to(goal: float, weights: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return positions from `order` whose weights add up to nearly `goal`.

    Positions are taken from the beginning of `order`, as long as their weights add up to less than `goal`. One later
    position is added if it brings the sum closer to `goal`.
    """
    count = int(np.searchsorted(np.cumsum(weights[order]), goal))
    gap = goal - weights[order[:count]].sum()
    untaken = order[count:]
    if len(untaken) == 0:
        return order
    best = untaken[np.argmin(np.abs(weights[untaken] - gap))]
    return np.append(order[:count], best) if abs(weights[best] - gap) < gap else order[:count]


def _answers_of_classes(classes: pd.Series, answers: dict[str, list[str]], rng: np.random.Generator) -> pd.Series:
    """Return a random answer for each class in `classes`.

    `answers` lists the answers of each class. An answer that comes earlier in its list is more frequent.
    """
    answered = classes.copy()
    for name, choices in answers.items():
        places = np.flatnonzero(classes == name)
        odds = 0.6 ** np.arange(len(choices))
        answered.iloc[places] = rng.choice(np.array(choices, dtype=object), len(places), p=odds / odds.sum())
    return answered


def _scale(labels: list[str], edition: int, reference: Reference) -> dict[str, list[str]]:
    """Return the edition's possible answers, keyed by class.

    The classes are those of the newest rule in reference.answer_classes that is valid for the edition. Answers that are
    not in `labels` are left out.
    """
    rules = reference["reference.answer_classes"].query("valid_from_edition <= @edition")
    rules = rules[(rules["rule_version"] == rules["rule_version"].max()) & rules["answer"].isin(labels)]
    return {str(name): group["answer"].tolist() for name, group in rules.groupby("answer_class")}


# --- the file ----------------------------------------------------------------------------------------------


def _as_delivered(rows: pd.DataFrame, layout: Layout, reference: Reference, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows in random order, with the layout's columns in the layout's order.

    The column that the layout ignores comes last.
    """
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    edition, names = layout.edition, area_names("survey", reference)
    file = {
        "respondent_number": pd.Series([f"{edition}-{number:05d}" for number in range(1, len(rows) + 1)]),
        "answered_on": _days(edition, reference, len(rows), rng),
        "weight": rows["weight"],
        "stratum": rows["stratum"],
        "stratum_population_residents": rows["residents"],
        "stratum_invited": rows["stratum_invited"],
        "area_code": untidy_names(rows["area_id"].map(names), rng),
        "partnership_code": untidy_names(rows["partnership_id"].map(names), rng),
    }
    for question in ("safety_answer", "safety_evening_answer"):
        scale = _scale(list(labels_of(layout, question).values()), edition, reference)
        file[question] = _answers_of_classes(rows[question], scale, rng)
    unsafe = (rows["safety_answer"] == "unsafe").to_numpy()
    file |= {column: _yes_no(RATES[column], unsafe, rng) for column in layout.headings if column in RATES}
    frame = pd.DataFrame({column: file[column] for column in layout.headings})
    return frame.assign(**_interview_form(layout, len(rows), rng))


def _days(edition: int, reference: Reference, count: int, rng: np.random.Generator) -> pd.Series:
    """Return a random day within the edition's fieldwork for each respondent. A few days are empty.

    If the first day of the fieldwork is not known, 1 December of the year before the edition is used. If the last day
    is not known, 31 January of the edition's year is used.
    """
    described = reference["reference.editions"].query("edition == @edition").iloc[0]
    first_day, last_day = described["fieldwork_first_day"], described["fieldwork_last_day"]
    first_day = date(edition - 1, 12, 1) if pd.isna(first_day) else first_day
    last_day = date(edition, 1, 31) if pd.isna(last_day) else last_day
    days_after_first = (rng.beta(1.2, 2.0, count) * ((last_day - first_day).days + 1)).astype(int)
    days = pd.Series(pd.Timestamp(first_day) + pd.to_timedelta(days_after_first, unit="D"))
    return days.where(rng.random(count) >= 0.004)


def _yes_no(rate: float, unsafe: np.ndarray, rng: np.random.Generator) -> pd.Series:
    """Return a random yes or no for each respondent.

    Respondents who feel unsafe answer yes twice as often as other respondents. A few cells are "don't know", "no
    answer" or empty.
    """
    yes = rng.random(len(unsafe)) < np.where(unsafe, 2 * rate, rate)
    drawn = rng.random(len(unsafe))
    choices = [drawn < 0.012, drawn < 0.018, drawn < 0.026]
    return pd.Series(np.select(choices, ["dont_know", "no_answer", ""], np.where(yes, "yes", "no"))).replace({"": None})


def _interview_form(layout: Layout, count: int, rng: np.random.Generator) -> dict[str, pd.Series]:
    """Return the column that says how each interview was held, keyed by its heading. The layout ignores this column.

    The heading is in lower case if all other headings of the edition are.
    """
    small = all(heading == heading.lower() for heading in layout.headings.values())
    name = next(name for name in layout.ignored if (name == name.lower()) == small)
    return {name: pd.Series(rng.choice(np.array(["Web", "Telefon"], dtype=object), count, p=[0.8, 0.2]))}


def _with_bad_rows(file: pd.DataFrame, edition: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the file with a few bad rows at its end.

    Four bad rows have no positive weight. Two bad rows have an unknown label. Up to two bad rows repeat another row.
    """
    bad = file.iloc[rng.choice(len(file), MOST_BAD, replace=False)].copy().reset_index(drop=True)
    numbers = [f"{edition}-9{number:04d}" for number in range(len(bad))]
    bad.loc[:5, "respondent_number"] = numbers[:6]
    bad.loc[0:1, "weight"] = np.nan
    bad.loc[2, "weight"] = 0.0
    bad.loc[3, "weight"] = -1.5
    bad.loc[4, "safety_answer"] = "Uoplyst"
    bad.loc[5, "safety_evening_answer"] = "Uoplyst"
    return pd.concat([file, bad.iloc[: int(rng.integers(6, MOST_BAD + 1))]], ignore_index=True)
