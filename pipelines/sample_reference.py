"""Copies the reference files for the made-up sample, and fixes (sets permanently) the sample's baselines in the copy.

Because the baselines are fixed, even the first run on the sample has verdicts.

The sample's baselines are written into `<home>/reference/`, and never into `warehouse/reference/`.
`assets/targets/fixing.py` decides which figures become baselines, by the same rules as for delivered files.
`assets/extracts/sample/` makes up the sample's files.
"""

import filecmp
import os
import shutil
from datetime import date
from pathlib import Path

from assets.tables import key
from assets.targets.fixing import STORED, editions_of_baselines, fix_baselines, read_targets
from pipelines.running import OnStep, run_editions
from warehouse.contracts import contracts
from warehouse.errors import InputError
from warehouse.home import PROJECT_REFERENCE, home_of_its_own, landing_folder, sample_reference_folder
from warehouse.store import FIRST_EDITION

PERSON, REASON = "Tryghed's made-up sample", "Made up, to show verdicts."
WRITTEN_BY_COMMANDS = ("fixed_baselines.csv", "decisions.yml")


def write_sample_reference(on_step: OnStep) -> Path | None:
    """Copy the reference files into the data folder, and fix (set permanently) the sample's baselines in the copy.

    Return the path of the copy. A run in a temporary data folder makes the figures of the baselines. It reads only the
    landed files of the baselines' editions.

    If the variable TRYGHED_REFERENCE names a folder, nothing is copied, and the function returns None. Runs then use
    the reference files in that folder as they are. Raises InputError if the figures cannot be made.
    """
    if os.environ.get("TRYGHED_REFERENCE"):
        return None
    copy, landing = sample_reference_folder(), landing_folder()
    unfinished = copy.with_name(f".{copy.name}.unfinished")
    with home_of_its_own():
        reference = shutil.copytree(PROJECT_REFERENCE, sample_reference_folder())
        os.environ["TRYGHED_REFERENCE"] = str(reference)
        editions = editions_of_baselines()
        for edition in editions:
            shutil.copytree(landing / str(edition), landing_folder() / str(edition))
        tables = [key(contracts()[name]) for name in STORED]
        ran = run_editions(range(FIRST_EDITION, editions[-1] + 1), on_step, tables)
        failed = [f"{check.table}: {check.rule}. {check.what_to_do}" for check in ran.failed if check.blocking]
        if trouble := [*ran.bugs, *filter(None, ran.trouble), *failed]:
            raise InputError("\n".join(trouble))
        fixed_on = date(editions[-1], 6, 30)
        targets = read_targets(PERSON, fixed_on, REASON)
        for agreement_id in sorted({target.agreement_id for target in targets if target.has_figure}):
            fix_baselines(agreement_id, PERSON, REASON, fixed_on)
        # an interrupted command leaves the earlier copy, or none, and never an unfinished one
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(reference, unfinished)
        shutil.rmtree(copy, ignore_errors=True)
        unfinished.rename(copy)
    return copy


def changed_since_copied(original: Path) -> list[str]:
    """Return the names of the reference files that differ between the original folder and the sample's copy.

    A file that only one of the two folders has is included. The files that commands write are left out.
    """
    copy = sample_reference_folder()
    names = {str(path.relative_to(folder)) for folder in (original, copy) for path in folder.rglob("[!.]*.*")}
    _, changed, missing = filecmp.cmpfiles(original, copy, names - set(WRITTEN_BY_COMMANDS), shallow=False)
    return sorted([*changed, *missing])
