"""The chapters as jobs: which notebook needs which results, and which tables and figures it leaves behind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import program
from ..common.checkout import HOME
from ..common.errors import UserError
from ..profiles import Profile
from ..release import program as release_program
from ..workflow.jobs import Job, keys

if TYPE_CHECKING:
    from ..study import Study


@dataclass(frozen=True)
class Chapter:
    """``needs`` are beginnings of job names; ``tables`` and ``figures`` are file names without suffix."""

    notebook: str
    needs: tuple[str, ...]
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        pictures = [f"figures/{name}.{kind}" for name in self.figures for kind in ("png", "svg")]
        return (f"chapters/{self.notebook}.ipynb", *(f"tables/{name}.csv" for name in self.tables), *pictures)


ALL_PREDICTIONS = ("attribution/", "parsers/", "prnu/", "quality/", "backbones/", "seen/", "unseen/", "parsers-of-published/")

CHAPTERS = {
    "01": Chapter("01_photographs", ("photographs", "statistics"), ("table_a1",), ("photographs",)),
    "02": Chapter("02_fleet", ("train/",), ("training",), ("training",)),
    "03": Chapter("03_published", ("published/",), ("table_1",)),
    "04": Chapter("04_images", ("images/",), (), ("figure_2",)),
    "05": Chapter("05_quality", ("quality/",), ("quality",), ("quality",)),
    "06": Chapter("06_backbones", ("backbones/",), ("table_2",), ("table_2",)),
    "07": Chapter("07_attribution", ("attribution/", "quality/"), ("table_3",), ("table_3", "figure_3", "free_crops", "photographs_spread")),
    "08": Chapter("08_seeds", ("attribution/", "prnu"), ("seeds", "seeds_random_phase"), ("seeds",)),
    "09": Chapter("09_published_attribution", ("seen/",), ("published_attribution", "published_networks", "claims_09"), ("published_attribution",)),
    "10": Chapter("10_unseen", ("seen/warm/", "unseen/"), ("figure_6", "separation", "claims_10"), ("figure_5", "figure_6")),
    "11": Chapter("11_parsing", ("parsers/",), ("table_4",), ("table_4",)),
    "12": Chapter("12_parsing_published", ("parsers-of-published/",), ("figure_7", "parsed", "claims_12"), ("figure_7",)),
    "13": Chapter("13_findings", ALL_PREDICTIONS, ("claims", "controls"), ("controls",)),
    "14": Chapter("14_real_networks", ()),
    "15": Chapter("15_benchmarks", ()),
}

FIRST_OF_RELEASE = 4  # the first four chapters are about photographs and networks; the release has images


def chosen(text: str) -> list[str]:
    """The chapters of a comma-separated list; all of them for an empty one.

    >>> chosen("7, 08")
    ['07', '08']
    """
    numbers = [part.strip().zfill(2) for part in text.split(",") if part.strip()] or list(CHAPTERS)
    for number in numbers:
        if number not in CHAPTERS:
            raise UserError(f"there is no chapter '{number}': choose among {', '.join(CHAPTERS)}")
    return numbers


def support(profile: Profile) -> list[str]:
    """A line a chapter from 05 on: whether a workspace of the authors' release has the images for it."""
    lines = []
    for number, lacking in _lacking(profile, list(CHAPTERS)[FIRST_OF_RELEASE:]).items():
        few = ", ".join(lacking[:2]) + (", ..." if len(lacking) > 2 else "")
        lines.append(f"{CHAPTERS[number].notebook:<24} {f'lacks {len(lacking)} networks: {few}' if lacking else 'can run'}")
    return lines


def possible(profile: Profile, numbers: list[str]) -> list[str]:
    """Of all chapters those that a workspace can have; one that was chosen and cannot be raises UserError."""
    if not profile.release.folder:
        return numbers
    if numbers == list(CHAPTERS):
        return [number for number, lacking in _lacking(profile, numbers[FIRST_OF_RELEASE:]).items() if not lacking]
    for number, lacking in _lacking(profile, numbers).items():
        if number in list(CHAPTERS)[:FIRST_OF_RELEASE]:
            raise UserError(f"chapter {number} is about networks trained here, and this workspace has the authors' images: begin with chapter 05")
        if lacking:
            raise UserError(
                f"chapter {number} needs {len(lacking)} networks that '{profile.release.folder}' lacks, {lacking[0]} first: "
                "unpack their archives there, and run python -m srfp_lib release again"
            )
    return numbers


def _lacking(profile: Profile, numbers: list[str]) -> dict[str, tuple[str, ...]]:
    """The networks that chapters need and the release lacks; quality is measured of those that are there."""
    jobs = program.everything(profile)
    needs = {number: tuple(beginning for beginning in CHAPTERS[number].needs if beginning != "quality/") for number in numbers}
    return {number: release_program.lacking(jobs, profile, beginnings) for number, beginnings in needs.items()}


def add_to(study: Study, numbers: list[str]) -> list[str]:
    """Add chapters to the study's jobs; returns the names of these jobs."""
    numbers = possible(study.profile, numbers)
    for number in numbers:
        job = _job(study, CHAPTERS[number])
        study.jobs[job.name] = job
    study.keys = keys(study.jobs)
    return [f"chapters/{CHAPTERS[number].notebook}" for number in numbers]


def needs(study: Study, number: str) -> list[str]:
    """The jobs a chapter needs."""
    return [name for name in study.jobs if name.startswith(CHAPTERS[number].needs)]


def _job(study: Study, chapter: Chapter) -> Job:
    source = HOME / "notebooks" / f"{chapter.notebook}.ipynb"
    if not source.exists():
        raise UserError(f"the notebook '{source}' is missing: restore it from the repository")
    settings = {"notebook": hashlib.sha256(source.read_bytes()).hexdigest()}
    name = f"chapters/{chapter.notebook}"
    jobs = tuple(name for name in study.jobs if name.startswith(chapter.needs))
    return Job(name, "srfp_lib.stages.making:chapter", chapter.outputs, (chapter.notebook,), jobs, settings, cost=8)
