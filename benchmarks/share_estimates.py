"""Compares Tryghed with the library svy. Both estimate survey shares, their standard errors and their intervals.

The answers are made up. They form a stratified, weighted sample in 16 editions. In each edition, 5,000 respondents in
20 areas answer 12 questions.

The benchmark measures the run time in seconds, in this process, without the time to load the libraries. svy computes
only the first edition. For that edition, the results of Tryghed and svy should agree except for rounding. The benchmark
prints the largest difference between them.

    python -m benchmarks.share_estimates
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from assets.methods import samples
from assets.methods.limits import Array
from assets.methods.samples import Design, Estimates
from benchmarks.measuring import ran_on

EDITIONS, ANSWERS, AREAS, QUESTIONS, STRATA = 16, 5000, 20, 12, 10
SVY_EDITIONS = 1
CONFIDENCE = 0.95

Sample = tuple[Design, Array, Array]
Figures = dict[tuple[int, int], tuple[float, float, float, float]]


def made_up(edition: int) -> Sample:
    """Return made-up data of one edition: the sample design, the answers, and the area of each respondent."""
    rng = np.random.default_rng(edition)
    stratum = np.sort(rng.integers(0, STRATA, ANSWERS))
    population = rng.integers(20_000, 80_000, STRATA).astype(float)
    weight = (population / np.bincount(stratum, minlength=STRATA))[stratum] * rng.uniform(0.5, 2, ANSWERS)
    yes = (rng.random((ANSWERS, QUESTIONS)) < rng.uniform(0.05, 0.5, QUESTIONS)).astype(float)
    lives_in = rng.integers(0, AREAS, ANSWERS)
    return Design(stratum, weight, population), yes, lives_in[:, None] == np.arange(AREAS)


def by_tryghed(sample: Sample) -> Figures:
    """Return the figures that Tryghed computes. Tryghed computes all areas and all questions at once."""
    estimates = samples.estimates(*sample)
    low, high = samples.korn_graubard_limits(estimates, CONFIDENCE)
    return _figures(estimates, low, high)


def _figures(estimates: Estimates, low: Array, high: Array) -> Figures:
    figures = (estimates.share, estimates.standard_error, low, high)
    return {
        (area, question): tuple(float(figure[area, question]) for figure in figures)  # type: ignore[misc]
        for area in range(AREAS)
        for question in range(QUESTIONS)
    }


def by_svy(sample: Sample) -> Figures:
    """Return the figures that svy computes. svy computes one question at a time, for all areas at once."""
    import polars as pl
    import svy

    design, yes, areas = sample
    frame = pl.DataFrame(
        {
            "stratum": design.stratum,
            "weight": design.weight,
            "population": design.population[design.stratum],
            "area": areas.argmax(axis=1),
            **{f"q{question}": yes[:, question].astype(int) for question in range(QUESTIONS)},
        }
    )
    svy_sample = svy.Sample(frame, svy.Design(stratum="stratum", wgt="weight", pop_size="population"))
    figures: Figures = {}
    for question in range(QUESTIONS):
        rows = svy_sample.estimation.prop(f"q{question}", by="area", ci_method="korn-graubard").to_polars().to_dicts()  # type: ignore[union-attr]
        for row in rows:
            if row[f"q{question}"] == 1:
                figures[int(row["area"]), question] = row["est"], row["se"], row["lci"], row["uci"]
    return figures


def clocked(way: Callable[[Sample], Figures], editions: list[Sample]) -> tuple[float, list[Figures]]:
    """Compute the figures of the editions with the function `way`.

    Return the mean run time per edition in seconds, and the figures.
    """
    start = time.perf_counter()
    figures = [way(sample) for sample in editions]
    return (time.perf_counter() - start) / len(editions), figures


def main() -> None:
    """Run the benchmark, and print a table of its results."""
    import svy  # noqa: F401  loaded before time is measured

    print(ran_on("svy", "numpy", "scipy"))
    editions = [made_up(edition) for edition in range(EDITIONS)]
    pairs = [(clocked(by_tryghed, editions), clocked(by_svy, editions[:SVY_EDITIONS])) for _ in range(3)]
    (_, our_figures), (_, svy_figures) = pairs[0]
    largest_difference = max(
        abs(our_value - svy_value)
        for our_cells, svy_cells in zip(our_figures, svy_figures, strict=False)
        for cell in svy_cells
        for our_value, svy_value in zip(our_cells[cell], svy_cells[cell], strict=True)
    )
    assert len(svy_figures[0]) == AREAS * QUESTIONS
    seconds = [statistics.median(pair[way][0] for pair in pairs) for way in (0, 1)]
    ratio = statistics.median(svy_run[0] / our_run[0] for our_run, svy_run in pairs)
    print("| way | seconds an edition (240 shares, 5,000 answers) | times slower |")
    print("|---|---|---|")
    print(f"| Tryghed | {seconds[0]:.4f} | 1 |")
    print(f"| svy | {seconds[1]:.3f} | {ratio:.0f} |")
    print(
        f"\nAll {EDITIONS} editions: {seconds[0] * EDITIONS:.2f} s. Largest difference to svy: {largest_difference:.1e}."
    )


if __name__ == "__main__":
    main()
