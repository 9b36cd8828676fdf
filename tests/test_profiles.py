"""Profiles are data; a TOML file changes named fields and nothing else."""

import dataclasses

import pytest

from srfp_lib import profiles
from srfp_lib.common.errors import UserError
from srfp_lib.profiles import DEMO, PAPER


def test_paper_has_the_papers_numbers():
    assert PAPER.training.steps == PAPER.training.adversarial_steps == 50_000
    assert (PAPER.classifier.head_epochs, PAPER.classifier.epochs, PAPER.classifier.batch) == (3, 15, 16)
    assert PAPER.classifier.learning_rate == 5e-4
    assert PAPER.training.adversarial_weight == 1e-3 and PAPER.training.pixel_weight == 0
    assert PAPER.classifier.runs == PAPER.parsers.runs == 3
    assert not PAPER.training.start_from_l1 and not PAPER.parsers.shared_trunk


def test_a_file_overrides_fields(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('profile = "demo"\nphotos = "~/pictures"\nmaster_seed = 7\n[training]\nsteps = 10\nlearning_rate = 1\n')
    mine = profiles.get(file)
    assert (mine.name, mine.master_seed, mine.photographs.source) == ("mine", 7, "~/pictures")
    assert mine.training == dataclasses.replace(DEMO.training, steps=10, learning_rate=1.0)


@pytest.mark.parametrize(("text", "sentence"), [
    ('profile = "demo"\nstepz = 3', "no field 'stepz'"),
    ('profile = "demo"\n[training]\nstep = 3', "no field 'step'"),
    ('profile = "demo"\n[training]\nsteps = "many"', "takes a value of type int"),
    ('profile = "demo"\n[training]\nsteps = -1', "must not be negative"),
    ('profile = "demo"\n[training]\nstart_from_l1 = 1', "takes a value of type bool"),
    ('profile = "demo"\ntraining = 3', "is a table of fields"),
    ('profile = "tiny"', "must name its base"),
    ("", "must name its base"),
    ("profile = demo", "cannot be read as TOML"),
])  # fmt: skip
def test_mistakes_are_named(tmp_path, text, sentence):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=sentence):
        profiles.get(file)


@pytest.mark.parametrize(("name", "sentence"), [("demmo", "there is no profile 'demmo'"), ("none.toml", "does not exist")])
def test_unknown_profiles_are_refused(name, sentence):
    with pytest.raises(UserError, match=sentence):
        profiles.get(name)
