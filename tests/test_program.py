"""The table of the study: what its rows say is what its jobs are."""

import re
from dataclasses import fields, is_dataclass, replace

import pytest

from srfp_lib import program
from srfp_lib.profiles import DEMO, PAPER, PROFILES, SMOKE, Release
from srfp_lib.workflow.jobs import keys
from srfp_lib.workflow.workspace import overlap

RELEASED = replace(SMOKE, published=replace(SMOKE.published, source="release"), release=Release("somewhere", copy=True))
ALL = {**PROFILES, "release": RELEASED}

# Fields on which no result depends: how much is made, where things lie, how a run is organised, or what only divides it into jobs.
ELSEWHERE = {
    "photographs": {"source", "div2k", "flickr2k", "flickr1k", "png", "decoded"},  # the content of their files counts, and that of images
    "training": {"stacked", "checkpoint_every", "recorded"},
    "classifier": {"backbones", "runs", "steps", "backbone_steps", "controls", "control_steps", "probe", "checkpoint_every"},
    "parsers": {"runs", "shared_trunk", "steps", "known_offset"},  # arguments of their jobs, as those of the classifier
    "published": {"source", "include", "weights_dir", "classifier_steps", "probe"},  # which networks there are: each has its job
    "prnu": {"known_offset"},
    "fingerprints": {"kinds"},
    "forensics": {"parts"},
    "release": {"folder", "networks"},
}


@pytest.fixture(scope="module", params=ALL)
def profile(request):
    return ALL[request.param]


@pytest.fixture(scope="module")
def jobs(profile):
    return program.table(profile, content=False)


def test_no_two_jobs_own_one_path(jobs):
    owned = [(output, job.name) for job in jobs.values() for output in job.outputs]
    owned.sort(key=lambda pair: f"{pair[0]}/")
    for (path, one), (following, other) in zip(owned, owned[1:], strict=False):
        assert not overlap(path, [following]), f"{one} and {other} own {path} and {following}"


def test_what_a_job_needs_stands_before_it_and_is_of_the_kinds_in_its_row(profile, jobs):
    seen = set()
    for name, job in jobs.items():
        assert seen.issuperset(job.needs)
        assert {jobs[need].kind for need in job.needs} <= {kind for row in program.kinds(profile) if row.name == job.kind for kind in row.needs}
        seen.add(name)


def test_a_job_leaves_what_its_row_says(jobs):
    for job in jobs.values():
        rows = [row for row in program.STUDY if row.name == job.kind]
        stems = {re.split(r"[A-Z]{2}", place.strip())[0] for row in rows for place in row.leaves.split(",")}
        shown = [output for output in job.outputs if any(stem and output.startswith(stem) for stem in stems)]
        assert shown, f"{job.name} leaves {job.outputs}, and its rows say {stems}"


def test_every_field_is_in_a_row_or_makes_no_difference_to_results():
    named = {entry for row in (*program.STUDY, *program.FROM_RELEASE) for entry in row.depends_on if not entry.startswith("-")}
    for section in (f.name for f in fields(PAPER) if is_dataclass(getattr(PAPER, f.name))):
        for field in fields(getattr(PAPER, section)):
            elsewhere = field.name in ELSEWHERE.get(section, set())
            in_a_row = f"{section}.{field.name}" in named or f"{section}.*" in named
            assert elsewhere or in_a_row, f"say in srfp_lib/program.py which work depends on {section}.{field.name}"


def test_fields_at_their_defaults_are_in_no_key():
    assert program.settings_of(PAPER, ("training.*", "classifier.*")) == {"master_seed": 1}


@pytest.mark.parametrize(("changed", "stale"), [
    (replace(DEMO, master_seed=2), "all"),
    (replace(DEMO, training=replace(DEMO.training, steps=3)), "train images quality backbones attribution prnu prnu-known-offset fingerprints "
     "identify spectra seen unseen parsers parsers-known-offset parsers-of-published"),
    (replace(DEMO, training=replace(DEMO.training, checkpoint_every=3)), ""),
    (replace(DEMO, quality=replace(DEMO.quality, images="test")), "quality"),
    (replace(DEMO, classifier=replace(DEMO.classifier, batch=64)),
     "backbones attribution seen unseen parsers parsers-known-offset parsers-of-published"),
    (replace(DEMO, classifier=replace(DEMO.classifier, runs=2)), "prnu prnu-known-offset"),  # one job for all splits
    (replace(DEMO, parsers=replace(DEMO.parsers, steps=3)), "parsers parsers-known-offset parsers-of-published"),
    (replace(DEMO, prnu=replace(DEMO.prnu, known_offset=False)), ""),
    (replace(DEMO, photographs=replace(DEMO.photographs, png=True)), ""),
    (replace(DEMO, published=replace(DEMO.published, classifier_steps=3)), "seen"),
    (replace(DEMO, published=replace(DEMO.published, weights_dir="elsewhere")), ""),
])  # fmt: skip
def test_a_change_makes_stale_what_depends_on_it_and_nothing_else(changed, stale):
    before, after = (keys(program.table(p, content=False)) for p in (DEMO, changed))
    kinds = {name.partition("/")[0] for name, key in after.items() if name in before and before[name] != key}
    expected = {name.partition("/")[0] for name in before} if stale == "all" else set(stale.split())
    # The mean colour needs no classifier: its kind counts where the others of the kind changed.
    assert kinds == expected


def test_parsers_of_published_networks_are_trained_as_often_as_the_other_parsers():
    once = replace(DEMO, parsers=replace(DEMO.parsers, runs=1), classifier=replace(DEMO.classifier, runs=3))
    names = [name for name in program.table(once, content=False) if name.startswith("parsers")]
    assert {name.split("/")[0] for name in names} == {"parsers", "parsers-known-offset", "parsers-of-published"} and all(
        name.endswith("/1") for name in names
    )


def test_each_backbone_of_table_2_has_its_own_crop_at_paper():
    jobs = program.table(PAPER, content=False)
    sides = {name.split("/")[1]: PAPER.classifier.side(job.arguments[0].backbone) for name, job in jobs.items() if name.startswith("backbones/")}
    assert sides == {"convnext_base.fb_in1k": 224, "legacy_xception.tf_in1k": 299, "efficientnet_b2.ra_in1k": 288, "resnet50.a1_in1k": 224}
    assert {DEMO.classifier.side(name) for name in DEMO.classifier.backbones} == {32}
