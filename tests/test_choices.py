"""Every open choice of the paper is explained in the book, as the code has it; every reading is of a claim and whole."""

import inspect
import re
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from skimage import data
from sklearn import manifold

from srfp_lib import fleet, paper, tasks
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.common.checkout import HOME
from srfp_lib.experiments import attribution
from srfp_lib.fetching import timm_weights
from srfp_lib.images.superresolve import downscale
from srfp_lib.networks import _basicsr, nlsn, rdn
from srfp_lib.pages import reference
from srfp_lib.photos.flickr import builder
from srfp_lib.photos.paper_sets import PARTS, reduce
from srfp_lib.profiles import PAPER
from srfp_lib.profiles.sections import PAPER_BACKBONES
from srfp_lib.published.catalogue import rows

ROWS = [[c.strip() for c in line.split("|")[1:-1]] for line in (HOME / "book" / "choices.md").read_text().splitlines() if line.startswith("| D")]


CHOICE = {row[0]: row[2] for row in ROWS}
REASON = {row[0]: row[3] for row in ROWS}


def named_fields():
    """The label of each field that the page names. A name without a section has that of the one before."""
    found = {}
    for label, *_, column in ROWS:
        section = ""
        for before, field in re.findall(r"`(?:(\w+)\.)?(\w+)`", column):
            section = before or section
            found[section, field] = label
    return found


def test_the_page_names_the_fields_of_each_choice_and_no_others():
    sections = [(f.name, getattr(PAPER, f.name)) for f in fields(PAPER) if is_dataclass(getattr(PAPER, f.name))]
    labelled = {(name, f.name): f.metadata["label"] for name, of in sections for f in fields(of) if f.metadata["label"]}
    assert len(labelled) > 30 and named_fields() == labelled


def test_every_label_in_the_code_and_in_the_book_is_on_the_page():
    files = [*(HOME / "srfp_lib").rglob("*.py"), *(HOME / "notebooks").glob("*.md"), *(HOME / "book").glob("*.md")]
    cited = {label for file in files for label in re.findall(r"\bD[0-9]+\b(?!-)", file.read_text())}
    assert len(cited) > 30 and cited <= set(CHOICE) and len(CHOICE) == len(ROWS)


def short(number):
    """As the page writes it.

    >>> short(1e-4), short(0.9)
    ('1e-4', '0.9')
    """
    return f"{number:.0e}".replace("e-0", "e-") if number < 1e-2 else f"{number:g}"


T, C = PAPER.training, PAPER.classifier
FULL = _basicsr.FULL_SIZE


def defaults(function):
    return {name: p.default for name, p in inspect.signature(function).parameters.items()}


VALUES = {
    "D5": [f"Adam {short(T.learning_rate)} with moments {T.discriminator_betas[0]} and {T.discriminator_betas[1]}, constant"],
    "D6": [f"HR crops of {T.patch} pixels, {T.batch} per step"],
    "D7": ["EDSR {num_block} blocks of {num_feat}".format(**FULL["EDSR"]),
           "RDN {blocks} x {layers} with growth {growth}".format(**defaults(rdn.RDNFeatures.__init__)),
           "RCAN {num_group} x {num_block} x {num_feat}".format(**FULL["RCAN"]),
           "NLSN {blocks} blocks of {features}".format(**defaults(nlsn.NLSN.__init__))],
    "D12": [f"the first {PARTS['train'][1]} by name, and the first {PARTS['train'][1] // 4} of these"],
    "D14": [f"`{C.backbones[0]}`"],
    "D15": [f"{C.side('convnext_base.fb_in1k')} for ConvNeXt and ResNet-50", f"{C.side('efficientnet_b2.ra_in1k')} for EfficientNet-B2",
            f"{C.side('legacy_xception.tf_in1k')} for Xception"],
    "D16": ["{} and {} for EfficientNet-Lite".format(*(values[0] for values in timm_weights.LITE))],
    "D18": [f"Adamax {short(C.learning_rate)}"],
    "D21": [", ".join(str(run + 1) for run in range(C.runs))],
    "D32": [f"at most {defaults(attribution.tsne)['images']} test images"],
    "D41": [f"the centre {PAPER.quality.crop} pixels"],
    "D42": [f"{builder.SIDE} pixels"],
}  # fmt: skip


@pytest.mark.parametrize("label", VALUES)
def test_values_on_the_page_are_those_of_the_code(label):
    for value in VALUES[label]:
        assert value in CHOICE[label]


def test_what_the_page_says_without_numbers_of_the_paper_profile():
    assert (T.final_rate, T.warmup, T.start_from_l1, T.pixel_weight, T.discriminator) == (1.0, 0, False, 0.0, "vgg")
    assert C.learning_rate == 5e-4 and C.recipe == "paper" and f"{T.steps:,} steps" in REASON["D5"]
    assert set(PAPER_BACKBONES.values()) == {224, 288, 299} and C.side("resnet50.a1_in1k") == C.side("convnext_base.fb_in1k")
    assert all(timm_weights.scaling(name) == timm_weights.IMAGENET for name in C.backbones)  # D16
    assert (PAPER.prnu.denoiser, PAPER.prnu.int8, PAPER.published.writer, PAPER.quality.lpips) == ("bm3d", True, "round", True)
    assert {"matched", tasks.COLOUR_ALONE} <= {*tasks.CONTROLS, tasks.COLOUR_ALONE} and len(fleet.custom()) == 180


def test_maps_are_made_as_the_page_says(monkeypatch):
    asked = {}

    class Recorder:
        def __init__(self, **how):
            asked.update(how)

        def fit_transform(self, points):
            asked["points"] = len(points)
            return points[:, :2]

    monkeypatch.setattr(manifold, "TSNE", Recorder)
    names = [n.model_id for n in fleet.custom()[:10]]
    import pandas as pd

    index = pd.DataFrame([(name, f"i{i}", f"p{i}") for name in names for i in range(40)], columns=["model_id", "image", "photograph"])
    zeros = np.zeros((400, 10), np.float32)
    attribution.tsne(Predictions("attribution", 1, tuple(names), index, zeros, zeros))
    assert f"perplexity {asked['perplexity']:g}, {asked['max_iter']} iterations, fixed seed" in CHOICE["D32"] and asked["init"] == "pca"
    assert asked["points"] == 10 * 12 and asked["random_state"] == 0 and asked["learning_rate"] == "auto"


def test_chopping_is_off_and_the_page_names_those_whose_official_runs_chop():
    chopping = {row.family for row in rows() if row.official_tiling.startswith(("chop", "overlapped crop"))}
    assert f"({', '.join(sorted(chopping))})" in next(row[1] for row in ROWS if row[0] == "D51")
    from srfp_lib.networks import edsr, rcan, san, srfbn

    assert not any(defaults(family.upscale)["chop"] for family in (edsr, rcan, san, srfbn, nlsn))


def test_the_variants_on_the_page_are_the_default_ones():
    default = {(row.family, row.scale): row.variant for row in rows() if row.default}
    assert default["EDSR", 4] == "baseline" and "EDSR baseline" in CHOICE["D38"]


@pytest.mark.parametrize("scale", fleet.SCALES)
def test_the_border_in_which_lr_images_are_not_matlab_s_is_the_page_s(scale):
    apart = np.abs(downscale(data.coffee()[None], scale)[0].astype(int) - reduce(data.coffee(), scale))
    assert apart.max() > 1 and apart[2:-2, 2:-2].max() <= 1 and apart[2:-2, 2:-2].mean() < 1e-4
    assert "other values than MATLAB's only in the outermost 2 LR pixels" in CHOICE["D36"]


def test_the_difference_between_tiles_reduced_alone_and_whole_is_the_page_s():
    """Three photographs of scikit-image without flat areas; 8-bit values of the LR tiles. Away from the border there is no difference."""
    shares = []
    for whole in (data.astronaut(), data.chelsea(), data.coffee()):
        lr = reduce(whole, 4)
        for top in range(96, whole.shape[0] - 191, 96):
            for left in range(96, whole.shape[1] - 191, 96):
                alone = downscale(whole[None, top : top + 96, left : left + 96], 4)[0]
                differs = alone != lr[top // 4 : top // 4 + 24, left // 4 : left // 4 + 24]
                shares.append(differs.mean())
                assert not differs[2:-2, 2:-2].any()
    assert f"at 4X and 96 pixels {np.mean(shares):.0%}".replace("%", " %") in CHOICE["D9"]


def test_every_row_has_a_point_a_choice_and_a_reason():
    assert all(len(row) == 5 and all(row[:4]) for row in ROWS)


def test_readings_are_of_claims_and_say_what_would_decide():
    ids = list(paper.table("claims")["id"])
    readings = reference.readings(ids)
    assert len(readings) > 15 and readings["id"].is_unique and readings.notna().all(axis=None)
    kept = reference.table("claims")
    assert set(kept.loc[kept["verdict"].isin(["weaker", "opposite", "undecided"]), "id"]) <= set(readings["id"])
