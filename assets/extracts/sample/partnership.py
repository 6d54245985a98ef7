"""Make up the files about the partnerships, and the file with the state's list of residential areas.

The files about the partnerships have activities, result goals, meetings and accounts. In a real delivery, the
activities and the result goals come from a partnership's safety plan. The partnerships and the listed area
Tingbjerg/Utterslevhuse are real, and most names of partners are from the reference data. All other names and texts are
invented. `writing.py` writes the files.
"""

import numpy as np
import pandas as pd

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.writing import Extract, area_names, labels_of
from warehouse.reference_files import Reference

FIRST_EDITION = 2021
FORMATS: dict[int, Format] = {2022: "xlsx", 2024: "xlsx"}
ACTIVITY_BUDGET, MANAGEMENT_BUDGET = 1_900_000.0, 310_000.0  # DKK a year, as in the agreement
UNKNOWN_PARTNERS = ("Foreningen Den Opdigtede Have", "Beboergruppen Prøvevang")
INITIALS = ("AB", "CD", "EF", "GH", "KL")  # these are not the initials of real people
TITLES = (
    "Fællesspisning i gården",
    "Aftenvandring i kvarteret",
    "Bedre lys på stierne",
    "Fritidsjob til unge",
    "Lektiecafé i beboerhuset",
    "Åben idrætshal om fredagen",
    "Fælles grøn dag",
    "Hurtig fjernelse af hærværk",
    "Møde om cykeltyveri",
    "Mentorer for unge",
    "Nabohjælp i opgangene",
    "Kulturfest på torvet",
    "Samtaler om trivsel",
    "Værksted for knallerter",
    "Tryg vej til skole",
    "Sommeraktiviteter for børn",
    "Beboerværter i området",
    "Praktik i lokale butikker",
    "Fodbold på tværs",
    "Kælderrum med bedre låse",
)
GOALS = (
    "Flere unge i fritidsjob",
    "Flere deltagere i fællesspisning",
    "Færre ødelagte lamper",
    "Flere aftenvandringer",
    "Færre uden afsluttet grundskole",
    "Flere frivillige i området",
    "Færre klager over støj",
    "Flere børn i foreninger",
)
MEETINGS = {  # the smallest and the largest number of meetings of each kind in a year
    "steering_group": (1, 2),
    "working_group": (7, 10),
    "plan_update": (1, 1),
    "committee_report": (1, 1),
}
LISTED = (  # the area's name and the kind of list; the last area here leaves the list first
    ("Tingbjerg/Utterslevhuse", "parallel_society"),
    ("Prøvebakken", "vulnerable_area"),
    ("Opdigtetparken", "prevention_area"),
    ("Eksempelhusene", "prevention_area"),
)


def activities_extract(layout: Layout, seed: int, reference: Reference) -> Extract:
    """Return a file with 20 to 40 activities for each partnership. Most activities have two or more partners.

    Two activities in the file also have a partner that is not in the reference data.
    """
    rng = np.random.default_rng([seed, layout.edition, 21])
    aliases = reference["reference.partner_aliases"].drop_duplicates("partner_id")
    rows = [
        row for code in _codes(layout, reference) for row in _activities(code, layout, aliases["alias"].tolist(), rng)
    ]
    frame = pd.DataFrame(rows)
    frame["starts_on"] = pd.to_datetime(frame["starts_on"])
    for place, name in zip(rng.choice(len(frame), len(UNKNOWN_PARTNERS), replace=False), UNKNOWN_PARTNERS, strict=True):
        frame.loc[place, "partners"] += f"; {name}"
    return _file(layout, "tryghedsplan_aktiviteter", frame)


def _activities(code: str, layout: Layout, partners: list[str], rng: np.random.Generator) -> list[dict[str, object]]:
    count = int(rng.integers(20, 41))
    alone = rng.permutation(count) < round(count * rng.uniform(0.17, 0.28))
    return [
        {
            "activity_number": f"A{number + 1}",
            "partnership_code": code,
            "title": str(rng.choice(TITLES)),
            "focus_area": _any_label(layout, "focus_area", rng),
            "activity_status": _any_label(layout, "activity_status", rng),
            "starts_on": pd.Timestamp(layout.edition, 1, 1) + pd.Timedelta(days=int(rng.integers(0, 330))),
            "partners": _partners(1 if alone[number] else int(rng.integers(2, 5)), partners, rng),
            **{name: str(rng.choice(INITIALS)) for name in layout.ignored},
        }
        for number in range(count)
    ]


def _partners(count: int, partners: list[str], rng: np.random.Generator) -> str:
    """Return the names of `count` different partners as one text, with semicolons between the names.

    A few names are in lower case. Some texts have unusual spaces around the semicolons or a space at the end.
    """
    names = [str(name) for name in rng.choice(np.array(partners, dtype=object), count, replace=False)]
    names = [name.lower() if rng.random() < 0.05 else name for name in names]
    divider = str(rng.choice(["; ", ";", " ; "], p=[0.8, 0.1, 0.1]))
    return divider.join(names) + (" " if rng.random() < 0.1 else "")


def goals_extract(layout: Layout, seed: int, reference: Reference) -> Extract:
    """Return a file with four to eight result goals for each partnership.

    A goal has two numbers: the number to reach and the number reached. The column `kept` says whether the goal was met,
    and it always agrees with these numbers. If the number reached is not known, `kept` is `not_known`.
    """
    rng = np.random.default_rng([seed, layout.edition, 22])
    rows = [
        _goal(code, number, title, layout, rng)
        for code in _codes(layout, reference)
        for number, title in enumerate(rng.permutation(GOALS)[: int(rng.integers(4, 9))], 1)
    ]
    frame = pd.DataFrame(rows)
    return _file(layout, "tryghedsplan_resultatmaal", frame)


def _goal(code: str, number: int, title: str, layout: Layout, rng: np.random.Generator) -> dict[str, object]:
    direction = "at_most" if title.startswith("Færre") else "at_least"
    goal, is_known = int(rng.integers(10, 60)), rng.random() < 0.85
    reached = round(goal * rng.uniform(0.75, 1.3), 1)
    met = reached >= goal if direction == "at_least" else reached <= goal
    return {
        "goal_number": f"{number}",
        "partnership_code": code,
        "focus_area": _any_label(layout, "focus_area", rng),
        "title": str(title),
        "goal_value": goal,
        "reached_value": reached if is_known else np.nan,
        "direction": direction,
        "kept": ("kept" if met else "not_kept") if is_known else "not_known",
    }


def meetings_extract(layout: Layout, seed: int, reference: Reference) -> Extract:
    """Return a file with the meetings and other duties of each partnership in the layout's edition.

    The other duties are the update of the plan and the report to the committee. A partnership never has two meetings of
    the same kind on the same day.
    """
    rng = np.random.default_rng([seed, layout.edition, 23])
    rows = [
        {
            "partnership_code": code,
            "occasion": occasion,
            "held_on": pd.Timestamp(layout.edition, 1, 8) + pd.Timedelta(days=day),
        }
        for code in _codes(layout, reference)
        for occasion, (fewest, most) in MEETINGS.items()
        for day in sorted(rng.choice(345, int(rng.integers(fewest, most + 1)), replace=False).tolist())
    ]
    return _file(layout, "moeder", pd.DataFrame(rows))


def accounts_extract(layout: Layout, seed: int, reference: Reference) -> Extract:
    """Return a file with the money that each partnership had and spent in the layout's edition.

    Each partnership has one row for each purpose. The budget is the amount in the agreement. Almost all of the budget
    is spent.
    """
    rng = np.random.default_rng([seed, layout.edition, 24])
    rows = [
        {
            "partnership_code": code,
            "account_year": layout.edition,
            "purpose": purpose,
            "budget_dkk": budget,
            "spent_dkk": round(budget * rng.uniform(0.9, 1.01), 2),
        }
        for code in _codes(layout, reference)
        for purpose, budget in (("activities", ACTIVITY_BUDGET), ("project_management", MANAGEMENT_BUDGET))
    ]
    return _file(layout, "regnskab", pd.DataFrame(rows))


def listed_extract(layout: Layout, seed: int, reference: Reference) -> Extract:
    """Return a file with the state's list of residential areas in December of the edition's year.

    The list gets shorter: every second year, its last area is removed. The first area always stays.
    """
    municipality = reference["reference.areas"].query("level == 'municipality'")["code"].iloc[0]
    listed = max(1, len(LISTED) - (layout.edition - FIRST_EDITION + seed % 2) // 2)
    rows = [
        {"listed_on": pd.Timestamp(layout.edition, 12, 1), "residential_area": name, "list_kind": kind}
        for name, kind in LISTED[:listed]
    ]
    frame = pd.DataFrame(rows).assign(municipality_code=str(municipality))
    return _file(layout, "statens_liste", frame)


def _codes(layout: Layout, reference: Reference) -> list[str]:
    """Return each partnership's code, in the code system that the layout names.

    If a partnership has several codes, the first code in the reference data is used.
    """
    partnerships = set(reference["reference.areas"].query("level == 'partnership_area'")["area_id"])
    names = area_names(layout.writing.area_code_system, reference)
    return [name for area, name in names.items() if area in partnerships]


def _any_label(layout: Layout, column: str, rng: np.random.Generator) -> str:
    """Return a random value of the column. Only values with one of the producer's labels are chosen."""
    return str(rng.choice(list(labels_of(layout, column).values())))


def _file(layout: Layout, stem: str, frame: pd.DataFrame) -> Extract:
    return Extract(layout, stem, FORMATS.get(layout.edition, "csv"), frame)
