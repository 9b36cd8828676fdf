"""What a machine cannot give is said in one sentence before anything is made."""

import re
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from srfp_lib import program
from srfp_lib.commands import cli
from srfp_lib.common import devices
from srfp_lib.common.errors import UserError
from srfp_lib.fetching import imagenet
from srfp_lib.photos import paper_sets
from srfp_lib.planning import obstacles
from srfp_lib.planning.costs import Costs, Work
from srfp_lib.profiles import LAB, PAPER, SMOKE, Profile
from srfp_lib.published import sources
from srfp_lib.published.catalogue import row as row_of
from srfp_lib.published.weights_folder import WeightsFolder
from tests.photos.test_paper_sets import flickr
from tests.test_cli import said

WORD = ("no DIV2K", "no Flickr2K", "no finished Flickr1K", "network vgg19", "network resnet18", "network alexnet", "published networks are not in",
        "backbone 'convnext", "backbone 'legacy_xception", "backbone 'efficientnet", "backbone 'resnet50", "prnu.denoiser is bm3d",
        "GB free", "GB of memory", "CPU-years")  # fmt: skip


class Total:
    """Costs that are known in all only."""

    def __init__(self, seconds, megabytes=0.0):
        self.work = Work(seconds=seconds, megabytes=megabytes)

    def total(self, jobs):
        return self.work


def first(profile, jobs=None):
    """The sentence of the first obstacle to a profile's jobs, None if there is none."""
    jobs = program.table(profile, content=False).values() if jobs is None else jobs
    return next(obstacles.obstacles(profile, jobs, Path("runs")), None)


@pytest.fixture
def bare(tmp_path, monkeypatch) -> Profile:
    """A machine without network, caches, packages, space or GPU; the paper's profile with folders that do not exist."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(imagenet, "answers", lambda address: False)
    monkeypatch.setattr(obstacles, "memory_of_machine", lambda: 4.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: type("Usage", (), {"free": 5e9}))
    monkeypatch.setattr(devices, "find", lambda name: ("cpu",))
    monkeypatch.setattr(Costs, "here", lambda profile, device: Total(1e9, 35_000))
    monkeypatch.setitem(__import__("sys").modules, "bm3d", None)
    places = {name: str(tmp_path / name) for name in ("div2k", "flickr2k", "flickr1k")}
    published = replace(PAPER.published, weights_dir=str(tmp_path / "weights"))
    return replace(PAPER, photographs=replace(PAPER.photographs, **places), published=published)


def provide(tmp_path, monkeypatch) -> list:
    """A way to give each thing of WORD, in that order."""

    def images(name):
        (tmp_path / name).mkdir()
        for i in range(8):
            Image.fromarray(np.full((8, 8, 3), i, np.uint8)).save(tmp_path / name / f"{i}.png")

    monkeypatch.setattr(imagenet, "impostor", lambda path, address: "")

    def touch(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    def hugging(name):
        snapshot = tmp_path / "hf" / f"models--timm--{name}"
        touch(snapshot / "snapshots" / "abc" / "model.safetensors")
        touch(snapshot / "refs" / "main")
        (snapshot / "refs" / "main").write_text("abc")

    def weights():
        monkeypatch.setattr(WeightsFolder, "give", lambda folder, network: {})  # read elsewhere: `tests/published`
        for network in sources.networks(PAPER.published):
            touch(row_of(network.model_id).path(tmp_path / "weights"))

    monkeypatch.setattr(paper_sets, "PARTS", {"train": (0, 8)})
    hub = tmp_path / "torch" / "hub" / "checkpoints"
    bm3d = type("Module", (), {"__spec__": "there"})
    return [
        lambda: images("div2k"), lambda: images("flickr2k"), lambda: flickr(tmp_path / "flickr1k"),
        *(lambda file=file: touch(hub / file) for file in ("vgg19-dcbb9e9d.pth", "resnet18-f37072fd.pth", "alexnet-owt-7be5be79.pth")), weights,
        lambda: hugging("convnext_base.fb_in1k"), lambda: touch(hub / "xception-43020ad28.pth"),
        lambda: hugging("efficientnet_b2.ra_in1k"), lambda: hugging("resnet50.a1_in1k"),
        lambda: monkeypatch.setitem(__import__("sys").modules, "bm3d", bm3d),
        lambda: monkeypatch.setattr(shutil, "disk_usage", lambda place: type("Usage", (), {"free": 5e12})),
        lambda: monkeypatch.setattr(obstacles, "memory_of_machine", lambda: 400.0),
        lambda: monkeypatch.setattr(Costs, "here", lambda profile, device: Total(3600.0)),
    ]  # fmt: skip


@pytest.mark.slow
def test_every_obstacle_in_its_order(bare, tmp_path, monkeypatch):
    gifts, jobs = provide(tmp_path, monkeypatch), list(program.table(bare, content=False).values())
    for number, (word, give) in enumerate(zip(WORD, gifts, strict=True)):
        found = list(obstacles.obstacles(bare, jobs, tmp_path))
        assert [w in sentence for w, sentence in zip(WORD[number:], found, strict=True)] == [True] * len(found), found
        assert word in found[0]
        with pytest.raises(UserError, match=re.escape(found[0])):
            obstacles.refuse(bare, jobs, tmp_path)
        give()
    assert list(obstacles.obstacles(bare, jobs, tmp_path)) == []
    obstacles.refuse(bare, jobs, tmp_path)


@pytest.mark.parametrize(("jobs", "file"), [("quality/", "alexnet-owt-7be5be79.pth"), ("train/", "vgg19-dcbb9e9d.pth")])
def test_another_file_in_the_place_of_torchvisions_is_found_before_anything_runs(bare, tmp_path, jobs, file):
    path = tmp_path / "torch" / "hub" / "checkpoints" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"other weights")
    due = [job for name, job in program.table(bare, content=False).items() if name.startswith(jobs)]
    assert first(bare, due).startswith(f"'{path}' is not the file of https://download.pytorch.org/models/{file}: its SHA-256 does not begin with")


@pytest.mark.parametrize(("jobs", "word"), [
    ("published/", "published networks"), ("prnu/", "bm3d"), ("quality/", "alexnet"), ("train/", "vgg19"), ("attribution/", "convnext"),
    ("photographs", "no DIV2K"),
])  # fmt: skip
def test_only_what_is_to_be_done_counts(bare, jobs, word):
    due = [job for name, job in program.table(bare, content=False).items() if name.startswith(jobs)]
    assert word in first(bare, due) and first(bare, []) is None


@pytest.mark.parametrize(("name", "text", "sentence"), [
    ("lab", "photos = 'nowhere'", "/nowhere' does not exist: give the path of a folder"),
    ("lab", "photos = 'few'", "/few' has 2 usable photographs and 10 are needed: add some"),
    ("lab", "[prnu]\ndenoiser = 'bm3d'", "prnu.denoiser is bm3d, and the package is not installed"),
    ("lab", "[published]\nsource = 'weights'", "/weights', EDSR-div2k-x2-L1-NA-pretrained first"),
    ("lab", "[training]\nperceptual = 'imagenet'", "the network vgg19 with its ImageNet weights cannot be had"),
    ("paper", "", "photographs.source is 'paper', and there is no DIV2K"),
])  # fmt: skip
def test_run_stops_before_anything_is_made(bare, capsys, tmp_path, monkeypatch, name, text, sentence):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: type("Usage", (), {"free": 5e12}))
    (tmp_path / "few").mkdir()
    for i, side in enumerate((96, 100, 95)):
        Image.fromarray(np.full((side, 120, 3), i, np.uint8)).save(tmp_path / "few" / f"{i}.png")
    (tmp_path / "few" / "no.png").write_text("no image")
    (tmp_path / "mine.toml").write_text(f"profile = '{name}'\n{text}")
    workspace = tmp_path / "w"
    workspace.mkdir()
    assert sentence in said(capsys, "run", "--profile", "mine.toml" if text else name, "--workspace", str(workspace))
    assert list(workspace.iterdir()) == []


def test_chosen_chapters_limit_what_counts(bare, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("srfp_lib.workflow.run.make", lambda *_, **__: None)
    (tmp_path / "mine.toml").write_text("profile = 'smoke'\n[prnu]\ndenoiser = 'bm3d'")
    run = ("run", "--profile", str(tmp_path / "mine.toml"), "--workspace", str(tmp_path / "w"), "--chapters")
    assert "bm3d" in said(capsys, *run, "08")
    assert cli.main([*run, "07"]) == 0


def test_addresses(monkeypatch):
    """What is not cached may still be had, if its address answers; nothing is asked where Hugging Face is switched off."""
    weights = imagenet.backbones(["resnet50.a1_in1k", "small_plain"])
    monkeypatch.setattr(imagenet.Weights, "there", lambda self: False)
    monkeypatch.setattr(imagenet, "answers", lambda address: address == "https://huggingface.co/timm/resnet50.a1_in1k/resolve/main/model.safetensors")
    assert [one.obstacle() for one in weights] == [None]
    monkeypatch.undo()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    imagenet.answers.cache_clear()
    assert not imagenet.answers(weights[0].address) and not imagenet.answers("http://127.0.0.1:9/x")


def test_time_is_an_obstacle_by_a_stated_rule(monkeypatch):
    monkeypatch.setattr(devices, "find", lambda name: ("cpu",))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    jobs, days = program.table(SMOKE).values(), 86400.0
    limit = 2 * obstacles.LONGEST_DAYS * days
    found = lambda seconds, **how: list(obstacles.obstacles(SMOKE, jobs, Path("runs"), costs=Total(seconds), **how))  # noqa: E731
    assert found(limit - days) == []
    (sentence,) = found(limit + days)
    assert "about 121 CPU-days of work, which is 60.5 days with the 2 processes" in sentence and "a machine with a GPU, or choose" in sentence
    assert found(limit - days, workers=1)
    monkeypatch.setattr(devices, "find", lambda name: ("cuda:0",))
    assert "GPU-days" in found(limit)[0] and "more GPUs" in found(limit)[0]


def test_the_machine_is_not_calibrated_for_small_profiles(monkeypatch):
    monkeypatch.setattr(Costs, "here", None)
    assert first(LAB) is None


def test_the_memory_of_one_process_or_of_several(monkeypatch):
    jobs = list(program.table(SMOKE).values())
    monkeypatch.setattr(obstacles, "memory_of_machine", lambda: 5.0)
    found = lambda **how: next(obstacles.obstacles(SMOKE, jobs, Path("runs"), costs=Total(1.0, 2000.0), **how), "")  # noqa: E731
    assert "2 processes need about 7 GB of memory at profile 'smoke', and this machine has 5 GB: give fewer --workers" in found()
    assert found(workers=1) == ""
    monkeypatch.setattr(devices, "find", lambda name: ("cuda:0",))  # whose own memory holds the step
    assert found() == ""


def test_a_little_too_little_reads_as_too_little(monkeypatch, tmp_path):
    jobs = list(program.table(SMOKE).values())
    monkeypatch.setattr(obstacles.shutil, "disk_usage", lambda place: SimpleNamespace(free=0))
    assert re.search(r"the images need about 0\.[1-9] GB, and the disk of '.*' has 0 GB free", "".join(obstacles._disk(SMOKE, jobs, tmp_path)))
    monkeypatch.setattr(obstacles, "memory_of_machine", lambda: 6.96)
    found = next(obstacles._memory_and_time(SMOKE, jobs, 2, Total(1.0, 2000.0)), "")
    assert "need about 7 GB of memory" in found and "has 6.9 GB" in found


def test_a_package_with_photographs_is_missing(monkeypatch):
    monkeypatch.setattr(obstacles, "find_spec", lambda name: None if name == "skimage" else find_spec(name))
    assert first(SMOKE) == "the package 'skimage', which holds photographs, is not installed: pip install -r requirements.txt"


def test_a_release_that_is_gone():
    profile = replace(SMOKE, release=replace(SMOKE.release, folder="nowhere"))
    assert "the authors' release 'nowhere' is gone" in first(profile, [program.table(SMOKE)["photographs"]])


def test_a_finished_workspace_needs_nothing(bare, tmp_path):
    obstacles.refuse(bare, [], tmp_path)
    with pytest.raises(UserError, match="no DIV2K"):
        obstacles.refuse(bare, program.table(bare, content=False).values(), tmp_path)
