"""What the book's pages say of other pages, of sources and of themselves."""

import re

import pytest

from srfp_lib import fleet
from srfp_lib.common.checkout import HOME
from srfp_lib.experiments import findings
from srfp_lib.pages import reference, spelling
from srfp_lib.profiles import PROFILES

PAGES = {path.name: path.read_text() for folder in ("book", "notebooks") for path in (HOME / folder).glob("*.md")}
CHAPTER_14 = PAGES["14_real_networks.md"]


def test_every_citation_is_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{(\w+),", (HOME / "book" / "references.bib").read_text(), re.MULTILINE))
    cited = {key for text in PAGES.values() for group in re.findall(r"\{cite\}`([\w,]+)`", text) for key in group.split(",")}
    assert len(cited) > 20 and cited <= keys


def test_chapter_14_cites_every_network_that_it_shows():
    kept = reference.table("published_networks", run="real_sr")
    architectures = {fleet.parse(model_id).architecture for model_id in kept["model_id"]}
    uncited = {a for a in architectures if not re.search(rf"\b{a}\b[^;:]*?\{{cite\}}", CHAPTER_14)}
    assert len(architectures) == 17 and not uncited


@pytest.mark.parametrize("name", ["demo", "lab", "smoke", "paper"])
def test_rows_are_called_what_they_are(name):
    said = {
        value: spelling.spelled(PROFILES[name], value) for value in ("div2k", "VGG_GAN", "ResNet + adv.", "L1", 4, "mean of VGG+adv and ResNet+adv")
    }
    if name == "paper":
        assert list(said.values()) == ["DIV2K", "VGG + adv.", "ResNet + adv.", "L1", "4X", "mean of VGG + adv. and ResNet + adv."]
    else:
        losses = "mean of VGG-like + adv. and ResNet-like + adv."
        assert list(said.values()) == ["DIV2K role", "VGG-like + adv.", "ResNet-like + adv.", "L1", "4X", losses]


def test_the_kept_claims_have_the_present_verdicts_and_units():
    for run, names in (("lab", ["claims"]), ("real_sr", ["claims_09", "claims_10", "claims_12"])):
        for name in names:
            kept = reference.table(name, run=run)
            columns = [name for name in findings.COLUMNS if name in kept or name != "each"]  # tables kept earlier have no such column
            assert list(kept.columns) == columns and set(kept["verdict"]) <= set(findings.VERDICTS)
            assert kept["paper"].dtype == float


def test_chapter_13_takes_all_runs_of_the_attribution_classifier():
    assert 'study.predictions("attribution"))' in PAGES["13_findings.md"] and 'predictions("attribution")[' not in PAGES["13_findings.md"]
