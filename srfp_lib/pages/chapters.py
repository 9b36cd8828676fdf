"""The chapters as jobs: which notebook needs which results, and which tables and figures it leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..common.checkout import DATA, HOME
from ..common.errors import UserError
from ..profiles import Profile
from ..workflow.jobs import Job
from ..workflow.receipts import digest
from . import notebooks


@dataclass(frozen=True)
class Chapter:
    """``needs`` are beginnings of job names, ``tables`` and ``figures`` file names without suffix. A chapter ``about_training`` has
    nothing to show of images that the authors released.
    """

    notebook: str
    needs: tuple[str, ...]
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    about_training: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        pictures = [f"figures/{name}.{kind}" for name in self.figures for kind in ("png", "svg")]
        return (f"chapters/{self.notebook}.ipynb", *(f"tables/{name}.csv" for name in self.tables), *pictures)


ALL_PREDICTIONS = ("attribution/", "parsers/", "prnu/", "quality/", "backbones/", "seen/", "unseen/", "parsers-of-published/")

CHAPTERS = {
    "01": Chapter("01_photographs", ("photographs", "statistics"), ("table_a1",), ("photographs",), about_training=True),
    "02": Chapter("02_fleet", ("train/",), ("training",), ("training",), about_training=True),
    "03": Chapter("03_published", ("published/",), ("table_1",), about_training=True),
    "04": Chapter("04_images", ("images/",), (), ("figure_2",), about_training=True),
    "05": Chapter("05_quality", ("quality/",), ("quality",), ("quality",)),
    "06": Chapter("06_backbones", ("backbones/",), ("table_2",), ("table_2",)),
    "07": Chapter("07_attribution", ("attribution/", "quality/"), ("table_3",), ("table_3", "figure_3", "known_offset", "photographs_spread")),
    "08": Chapter("08_seeds", ("attribution/", "prnu"), ("seeds",), ("seeds",)),
    "09": Chapter("09_published_attribution", ("seen/",), ("published_attribution", "published_networks", "claims_09"), ("published_attribution",)),
    "10": Chapter("10_unseen", ("seen/warm/", "unseen/"), ("figure_6", "separation", "claims_10"), ("figure_5", "separation", "figure_6")),
    "11": Chapter("11_parsing", ("parsers/", "parsers-known-offset/"), ("table_4", "parsing_known_offset")),
    "12": Chapter("12_parsing_published", ("parsers-of-published/",), ("figure_7", "parsed", "claims_12"), ("figure_7",)),
    "13": Chapter("13_findings", ALL_PREDICTIONS, ("claims", "controls"), ("controls",)),
    "14": Chapter("14_real_networks", ("seen/", "unseen/"), ("several_images", "enrolled")),
    "15": Chapter(
        "15_fingerprints",
        ("fingerprints/", "attribution/1", "seen/warm/1"),
        ("fingerprints", "strengths"),
        ("lattices", "spectra", "published_fingerprints"),
    ),
    "16": Chapter("16_architecture", ()),
    "17": Chapter("17_benchmarks", ()),
    "18": Chapter("18_running_it_big", ()),
    "19": Chapter(
        "19_one_image",
        ("identify-trial",),
        ("identify_rates", "identify_withheld", "identify_reliability", "identify_example"),
        ("identify_reliability",),
    ),
    "20": Chapter(
        "20_same_network",
        ("verification",),
        tuple(f"verification{part}" for part in ("", "_scenes", "_images", "_pairs", "_bounds", "_examples")),
        ("verification", "tippett", "calibration"),
    ),
    "21": Chapter("21_open_set", ("open-set",), ("open_set", "open_set_enrolled", "open_set_shifted"), ("open_set",)),
    "22": Chapter(
        "22_what_survives",
        ("survival",),
        ("survival_accuracy", "survival_several", "survival_attacks"),
        ("survival_jpeg", "survival_matrix", "survival_attacks"),
    ),
}


def name_of(number: str) -> str:
    """The name of a chapter's job.

    >>> name_of("07")
    'chapters/07_attribution'
    """
    return f"chapters/{CHAPTERS[number].notebook}"


def chosen(text: str) -> list[str]:
    """The chapters of a comma-separated list; all of them for an empty one. Raises UserError for one that does not exist.

    >>> chosen("7, 08")
    ['07', '08']
    """
    if not text:
        return list(CHAPTERS)
    numbers = [part.strip().zfill(2) for part in text.split(",") if part.strip()]
    if not numbers:
        raise UserError(f"'{text}' names no chapter: give numbers, as in --chapters 07,08")
    for number in numbers:
        if number not in CHAPTERS:
            raise UserError(f"there is no chapter '{number}': choose among {', '.join(CHAPTERS)}")
    return numbers


def needed(jobs: Mapping[str, Job], number: str) -> dict[str, Job]:
    """The jobs that a chapter needs, of all jobs of a study."""
    needs = CHAPTERS[number].needs and ("photographs", *CHAPTERS[number].needs)
    return {name: job for name, job in jobs.items() if needs and name.startswith(needs)}


def table(jobs: Mapping[str, Job], profile: Profile) -> dict[str, Job]:
    """The jobs of all chapters that a workspace can have; ``jobs`` are all jobs of the study."""
    return {name_of(number): _job(jobs, number) for number in CHAPTERS if not obstacle(jobs, profile, number)}


def _job(jobs: Mapping[str, Job], number: str) -> Job:
    chapter = CHAPTERS[number]
    settings = {"content": digest(notebooks.source(chapter.notebook)), **_shown()}
    needs = tuple(name for name, job in needed(jobs, number).items() if not job.lacking)
    return Job(name_of(number), "srfp_lib.pages.notebooks:make", chapter.outputs, (chapter.notebook,), needs, settings, cost=8)


@cache
def _shown() -> dict[str, str]:
    """Digests of the code that chapters run and of the tables that they show: chapters are cheap to make again."""
    package = HOME / "srfp_lib"
    others = {"commands", "labs", "planning", "training", "networks", "fetching", "workflow", "__init__.py"}
    code = [p for p in sorted(package.rglob("*.py")) if p.relative_to(package).parts[0] not in others]
    tables = [*sorted(DATA.rglob("*.csv")), *sorted(DATA.rglob("*.json")), *sorted((HOME / "benchmarks").glob("*.csv"))]
    return {name: hashlib.sha256("".join(map(digest, files)).encode()).hexdigest()[:24] for name, files in (("code", code), ("tables", tables))}


def obstacle(jobs: Mapping[str, Job], profile: Profile, number: str) -> str:
    """Why a workspace of the authors' released images cannot have a chapter, as a sentence; empty if it can."""
    if not profile.release.folder:
        return ""
    if CHAPTERS[number].about_training:
        return f"chapter {number} is about networks trained here, and this workspace has the authors' images: begin with chapter 05"
    if names := lacking(jobs, number):
        return (f"chapter {number} needs {len(names)} networks that '{profile.release.folder}' lacks, {names[0]} first: "
                "unpack their archives there, and run python -m srfp_lib release again")  # fmt: skip
    return ""


def lacking(jobs: Mapping[str, Job], number: str) -> tuple[str, ...]:
    """The networks for want of which a chapter cannot be made; quality is measured of those that are there."""
    essential = (job for job in needed(jobs, number).values() if job.kind != "quality")
    return tuple(dict.fromkeys(network for job in essential for network in job.lacking))


def support(jobs: Mapping[str, Job]) -> list[str]:
    """A line for each chapter from 05 on: whether the authors' release has the images for it."""
    lines = []
    for number in (n for n, chapter in CHAPTERS.items() if not chapter.about_training):
        names = lacking(jobs, number)
        few = ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
        lines.append(f"{CHAPTERS[number].notebook:<24} {f'lacks {len(names)} networks: {few}' if names else 'can run'}")
    return lines
