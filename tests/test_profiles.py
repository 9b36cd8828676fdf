"""Profiles are data; a TOML file changes named fields and nothing else."""

import dataclasses
import unicodedata
from pathlib import Path

import pytest

from srfp_lib import profiles
from srfp_lib.common.checkout import HOME, absolute
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
    assert (mine.name, mine.master_seed, mine.photographs.source) == ("mine", 7, str(Path("~/pictures").expanduser()))
    assert mine.training == dataclasses.replace(DEMO.training, steps=10, learning_rate=1.0)


@pytest.mark.parametrize(("text", "sentence"), [
    ('profile = "demo"\nstepz = 3', "no field 'stepz'"),
    ('profile = "demo"\n[training]\nstep = 3', "no field 'step'"),
    ('profile = "demo"\n[training]\nsteps = "many"', "takes a value of type int"),
    ('profile = "demo"\n[training]\nsteps = -1', r"mine.toml \[training\]: 'steps' must be from 1 up, and it is -1"),
    ('profile = "demo"\n[training]\nstart_from_l1 = 1', "takes a value of type bool"),
    ('profile = "demo"\ntraining = 3', "is a table of fields"),
    ('profile = "tiny"', "must name its base"),
    ("", "must name its base"),
    ("profile = demo", "cannot be read as TOML"),
    ('profile = ["smoke"]', r"it has \['smoke'\]"),
    ('profile = "demo"\nphotos = "p"\nphotographs = 3', "is a table of fields"),
    ('profile = "demo"\n[classifier]\nrecipe = "adam"', r"\[classifier\]: 'recipe' must be one of paper, steps, and it is 'adam'"),
    ('profile = "demo"\n[published]\nwriter = "floor"', "'writer' must be one of round, authors"),
    ('profile = "demo"\n[published]\nsource = " "', "'source' must be a path or weights or available or release"),
    ('profile = "demo"\n[classifier]\nbackbones = []', "'backbones' needs 1 or more values"),
    ('profile = "demo"\n[classifier]\nbackbones = [3]', "takes a list of str"),
    ('profile = "demo"\n[classifier]\ncrop = 8', "'crop' must be from 16 up, and it is 8"),
    ('profile = "demo"\n[classifier]\ncrop = 0', "classifier.crop is 224, more than photographs.image_size, 96"),
    ('profile = "demo"\n[classifier]\ncrop = 128', "classifier.crop is 128, more than photographs.image_size, 96: change one of them"),
    ('profile = "demo"\n[classifier]\nbatch = 0', "'batch' must be from 1 up"),
    ('profile = "demo"\n[classifier]\nlearning_rate = nan', "'learning_rate' must be from 1e-09 up, and it is nan"),
    ('profile = "demo"\n[classifier]\nlearning_rate = inf', "and it is inf"),
    ('profile = "demo"\n[classifier]\nruns = 0', "'runs' must be from 1 to 1000"),
    ('profile = "demo"\n[classifier]\nsteps = 0', "classifier.recipe is steps, and classifier.steps is 0"),
    ('profile = "demo"\n[classifier]\nrecipe = "paper"', "classifier.epochs is 0"),
    ('profile = "demo"\n[training]\npatch = 47', "'patch' must be a multiple of 4, from 16 up, and it is 47"),
    ('profile = "demo"\n[training]\npatch = 128', "training.patch is 128, more than photographs.training_tile, 96"),
    ('profile = "demo"\n[training]\nbatch = true', "takes a value of type int, and not True"),
    ('profile = "demo"\n[training]\ndiscriminator_betas = [0.5]', "needs 2 or more values"),
    ('profile = "demo"\n[training]\ndiscriminator_betas = [0.5, 0.9, 0.9]', "has 3 values, and Adam takes 2"),
    ('profile = "demo"\n[training]\nadversarial_weight = inf', "must be from 0 up, and it is inf"),
    ('profile = "demo"\n[photographs]\nimage_size = 50', "'image_size' must be a multiple of 4"),
    ('profile = "demo"\n[photographs]\ntraining_tile = 0', "'training_tile' must be a multiple of 4"),
    ('profile = "demo"\n[photographs]\nrotations = 0', "'rotations' must be from 1 to 8"),
    ('profile = "demo"\n[photographs]\nrotations = 5', "the embedded photographs are dealt for 1 or 3"),
    ('profile = "demo"\n[photographs]\ndecoded = false', "photographs.png and photographs.decoded are false, so that no image is kept"),
    ('profile = "demo"\n[quality]\nimages = "some"', "'images' must be one of test, all"),
    ('profile = "paper"\n[training]\npatch = 96', "training.discriminator is vgg, which takes 128 pixels"),
    ('profile = "demo"\n[training]\nstacked = false', "training.start_from_l1 is true, which needs .* training.stacked is false"),
    ('profile = "demo"\nmaster_seed = 1' + "0" * 400, "'master_seed' is too large"),
    ('profile = "demo"\nx = ' + "[" * 5000, "cannot be read as TOML"),
    ('profile = "demo"\nphotos = "a\\u0000b"', "is no path: name one"),
    ('profile = "demo"\nphotos = "~nosuchuser/x"', "the path '~nosuchuser/x' leads nowhere"),
    ('profile = "demo"\n[quality]\ncrop = 1000', "quality.crop is 1000, more than photographs.image_size, 96"),
    ('profile = "demo"\nname = "photos"', "name is 'photos', and runs/photos is for photographs: change one of them"),
    ('profile = "demo"\nname = 3', "takes a value of type str"),
    ('profile = "demo"\nbase = "lab"', "'base' is no field of a file: leave it out"),
    ('profile = "demo"\nfile = "x"', "'file' is no field of a file: leave it out"),
    ('profile = "demo"\nphotos = "a"\n[photographs]\nsource = "b"', "mine.toml: photos is short for source in .photographs., and both are given"),
    ('profile = "demo"\n[classifier]\nbackbones = ["small_residual", "small_residual"]', "classifier.backbones has 'small_residual' twice: change"),
    ('profile = "demo"\n[classifier]\ncontrols = ["matched", "bits-7", "matched"]', "classifier.controls has 'matched' twice"),
    ('profile = "demo"\n[release]\nfolder = "/x"', r"\[release\] and source = 'release' .* leave them out, and python -m srfp_lib release FOLDER"),
    ('profile = "demo"\n[release]\nsplits = "ours"', r"\[release\] and source = 'release' are not for files"),
    ('profile = "demo"\nphotos = "release"', r"\[release\] and source = 'release' are not for files"),
    ('profile = "demo"\n[published]\nsource = "release"', r"\[release\] and source = 'release' are not for files"),
    ('profile = "demo"\nname = "../mine"', "name is '../mine', and it must be letters, digits, _, - and ."),
])  # fmt: skip
def test_mistakes_are_named(tmp_path, text, sentence):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=sentence):
        profiles.get(file)


def test_paths_are_relative_to_their_file_and_absolute_from_then_on(tmp_path, monkeypatch):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.toml").write_text('profile = "demo"\nphotos = "pics"\n[published]\nweights_dir = "../w"\n')
    monkeypatch.chdir(tmp_path)
    mine = profiles.get("study/mine.toml")
    assert mine.photographs.source == str(tmp_path / "study" / "pics")
    assert Path(mine.published.weights_dir) == tmp_path / "w"
    assert profiles.get("demo").published.weights_dir == str(HOME / "weights") and profiles.get("demo").photographs.source == "embedded"


@pytest.mark.parametrize("profile", profiles.PROFILES.values(), ids=str)
def test_the_named_profiles_keep_their_own_rules(profile):
    assert not profiles.conflict(profile)
    for section in dataclasses.fields(profile):
        of = getattr(profile, section.name)
        for field in dataclasses.fields(of) if dataclasses.is_dataclass(of) else ():
            assert not field.metadata["rule"].broken(getattr(of, field.name)), f"{section.name}.{field.name}"


@pytest.mark.parametrize(("name", "sentence"), [("demmo", "there is no profile 'demmo'"), ("none.toml", "does not exist")])
def test_unknown_profiles_are_refused(name, sentence):
    with pytest.raises(UserError, match=sentence):
        profiles.get(name)


@pytest.mark.parametrize(("there", "typed"), [("NFD", "NFC"), ("NFC", "NFD"), ("NFC", "NFC"), ("NFD", "NFD")])
def test_a_name_with_accents_is_found_however_they_are_coded(tmp_path, there, typed):
    """macOS decomposes accents in names of files, keyboards compose them."""
    folder, name = tmp_path / unicodedata.normalize("NFD", "été"), "fête.toml"
    folder.mkdir()
    (folder / unicodedata.normalize(there, name)).write_text('profile = "demo"\n')
    found = profiles.get(tmp_path / unicodedata.normalize(typed, "été") / unicodedata.normalize(typed, name))
    assert found.name == unicodedata.normalize("NFC", "fête") and found.file == str(folder / unicodedata.normalize(there, name))


def test_a_path_with_dots_is_printed_without_them(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert absolute("../b") == tmp_path / "b" and absolute(".") == tmp_path / "a"
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "far" / "away")
    (tmp_path / "far" / "x").touch()
    assert absolute("link/../x") == tmp_path.resolve() / "far" / "x"  # as the system reads it
    with pytest.raises(UserError, match=f"the profile file '{tmp_path}/none.toml' does not exist"):
        profiles.get("../none.toml")


def test_a_byte_order_mark_and_capitals_do_no_harm(tmp_path):
    (tmp_path / "X.TOML").write_text('\ufeffprofile = "demo"\n')
    assert profiles.get(tmp_path / "X.TOML").training == DEMO.training
