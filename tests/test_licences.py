"""Tests that the project's licence is compatible with the licences of all packages that the project needs to run."""

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

from warehouse.home import PROJECT

# Permissive licences, and the Mozilla Public License 2.0, which EUPL-1.2 names as compatible in its appendix. None of them
# sets conditions on a program that only imports the package.
COMPATIBLE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
SPDX_ID_OF = {  # by the name in the classifiers or the field License
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def requirements_of_a_run() -> list[Requirement]:
    """Return the packages that `make run` installs on this machine."""
    text = (PROJECT / "requirements" / "run.txt").read_text(encoding="utf-8")
    lines = [line.split("\\")[0].strip() for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    requirements = [Requirement(line) for line in lines]
    return [requirement for requirement in requirements if requirement.marker is None or requirement.marker.evaluate()]


def licences(package: Distribution) -> set[str]:
    """Return the SPDX ids of a package's licences.

    They are read from the license expression. If there is none, they are read from the classifiers, else from License.
    """
    if expression := package.metadata.get("License-Expression"):
        return set(re.findall(r"[A-Za-z0-9.-]+", re.sub(r"\b(AND|OR|WITH)\b", " ", expression)))
    classifiers = package.metadata.get_all("Classifier") or []
    words = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License :: ") and line.count("::") > 1]
    words = words or [word.strip() for word in (package.metadata.get("License") or "none").split(" AND ")]
    return {SPDX_ID_OF.get(word, word) for word in words}


def test_the_project_names_its_licence_as_an_spdx_expression_and_has_the_text() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "EUPL-1.2"
    assert project["license-files"] == ["LICENSE"]
    text = (PROJECT / "LICENSE").read_text(encoding="utf-8")
    assert text.lstrip().startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    articles = re.findall(r"^(\d+)\. [A-Z]", text, re.MULTILINE)
    assert articles == [str(number) for number in range(1, 16)]
    assert "Mozilla Public Licence (MPL) v. 2" in text.split("\nAppendix\n")[1]


def test_no_package_that_a_run_needs_has_a_licence_that_forbids_ours() -> None:
    incompatible = {}
    for requirement in requirements_of_a_run():
        try:
            package = distribution(requirement.name)
        except PackageNotFoundError:  # its marker says: only for another system or Python
            pytest.fail(f"{requirement.name} is in requirements/run.txt and is not installed: run make test")
        if strange := licences(package) - COMPATIBLE:
            incompatible[requirement.name] = strange
    assert incompatible == {}, "if EUPL-1.2 allows a package of this licence, add it to COMPATIBLE; else do without it"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: MIT OR (GPL-3.0-only AND Apache-2.0)", {"MIT", "GPL-3.0-only", "Apache-2.0"}),
        ("Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)", {"GNU General Public License v3 (GPLv3)"}),
        ("License: a text of its own\nClassifier: License :: OSI Approved :: MIT License", {"MIT"}),
        ("License: MPL-2.0 AND MIT", {"MPL-2.0", "MIT"}),
        ("Summary: a package without a licence", {"none"}),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_whatever_a_package_states(metadata: str, expected: set[str]) -> None:
    class Package(Distribution):
        def read_text(self, filename: str) -> str | None:
            return f"Metadata-Version: 2.4\nName: x\nVersion: 1\n{metadata}\n" if filename == "METADATA" else None

        def locate_file(self, path: object) -> None:  # type: ignore[override]
            raise NotImplementedError

    assert licences(Package()) == expected
