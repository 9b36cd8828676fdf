"""Near-duplicates: copies of a photograph are found, other photographs are not, and no two of a group have different roles."""

import io
import itertools
from dataclasses import replace

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage import data

from srfp_lib import photos
from srfp_lib.common.errors import UserError
from srfp_lib.photos import embedded
from srfp_lib.photos.near_duplicates import groups, perceptual_hashes
from srfp_lib.photos.photoset import Photograph
from srfp_lib.profiles import SMOKE
from tests.photos.test_folder import NAMES, fill

REAL = (data.astronaut, data.chelsea, data.coffee, data.rocket)


def jpeg(image, quality=40):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


COPIES = {
    "halved": lambda image: image.reduce(2),
    "compressed": jpeg,
    "cropped by 4 %": lambda image: ImageOps.crop(image, round(0.02 * min(image.size))),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "mirrored, halved, compressed": lambda image: jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).reduce(2)),
}


def test_the_hash_is_imagehash_s():
    pixels = data.chelsea()
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    assert perceptual_hashes(pixels) == tuple(str(imagehash.phash(Image.fromarray(p))) for p in (pixels, mirrored))


@pytest.mark.parametrize("copied", COPIES)
def test_copies_are_grouped_and_other_photographs_are_not(copied):
    originals = [Image.fromarray(make()) for make in REAL]
    pixels = [np.asarray(image) for image in originals] + [np.asarray(COPIES[copied](image)) for image in originals]
    assert groups([perceptual_hashes(p) for p in pixels]) == [0, 1, 2, 3] * 2


def add_copies(folder, of, number):
    """Copies of a photograph of the folder, each of another size, that are no equal pictures."""
    with Image.open(folder / of) as image:
        for i in range(number):
            jpeg(image.resize((image.width + 8 * i, image.height + 8 * i)), 70 - i).save(folder / f"{of.split('.')[0]}_copy{i}.png")


def places(found):
    return found.photographs.set_index("file").query("source == 'folder'")[["role", "fold"]].apply(tuple, axis=1)


@pytest.mark.parametrize(("seed", "rotations"), list(itertools.product((1, 2, 3), (1, 3))))
def test_no_group_is_split(tmp_path, seed, rotations):
    settings = replace(fill(tmp_path, [f"p{i:02d}.png" for i in range(20)]), rotations=rotations)
    for i in range(20):
        add_copies(tmp_path, f"p{i:02d}.png", 1)
    found = photos.load(settings, master_seed=seed)
    where = places(found)
    assert len(where) == 40 and all(where[f"p{i:02d}.png"] == where[f"p{i:02d}_copy0.png"] for i in range(20)) and len(set(where)) > 4
    notes = found.photographs.set_index("file")["note"]
    assert notes["p03.png"] == "near-duplicate of p03_copy0.png" and notes["p03_copy0.png"] == "near-duplicate of p03.png"


def test_groups_do_not_depend_on_names(tmp_path):
    settings = fill(tmp_path / "a", NAMES)
    add_copies(tmp_path / "a", NAMES[4], 3)
    (tmp_path / "b").mkdir()
    for i, path in enumerate(sorted((tmp_path / "a").iterdir())):
        (tmp_path / "b" / f"z{99 - i}.png").write_bytes(path.read_bytes())
    tables = [photos.load(replace(settings, source=str(tmp_path / name)), master_seed=1).photographs for name in ("a", "b")]
    first, second = (table.set_index("sha256")[["role", "fold"]].sort_index() for table in tables)
    assert len(first) == 11 + 2 + 2 and first.equals(second)  # two of the four are left out; two are drawn


def test_of_a_large_group_some_are_left_out_and_named(tmp_path):
    settings = fill(tmp_path, NAMES)
    add_copies(tmp_path, "p07.png", 6)
    found = photos.load(settings, master_seed=1)
    kept = [name for name in places(found).index if name.startswith("p07")]
    assert len(kept) == 2 and len(found.skipped) == 5 and places(found)[kept[0]] == places(found)[kept[1]]
    assert all("a near-duplicate of p07" in reason and "of 7 of them 2 are used" in reason for reason in found.skipped["reason"])


def test_a_group_counts_as_one_photograph(tmp_path):
    settings = fill(tmp_path, NAMES[:9])
    add_copies(tmp_path, "p00.png", 4)
    with pytest.raises(UserError, match="has 9 usable photographs, near-duplicates counted once, and 10 are needed"):
        photos.load(settings, master_seed=1)


def test_roles_without_near_duplicates_are_those_of_before(tmp_path):
    """As they were dealt before groups were looked for; runs that were made then stay valid."""
    found = photos.load(fill(tmp_path, NAMES), master_seed=1)
    assert {role: sorted(int(name[1:3]) for name in names) for role, names in places(found).groupby(places(found)).groups.items()} == {
        ("div2k", -1): [2, 6], ("flickr2k", -1): [0, 9], ("development", -1): [8],
        ("classify", 0): [4, 5], ("classify", 1): [1, 3], ("classify", 2): [10, 11], ("classify", 3): [7],
    }  # fmt: skip
    assert not found.photographs["note"].any() and found.skipped.empty


ROLES = [("div2k", -1), ("flickr2k", -1), ("development", -1), *(("classify", fold) for fold in range(4))]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ROLES, 2)))
def test_in_no_source_do_two_roles_or_folds_have_copies_of_a_picture(monkeypatch, one, other):
    """A reduced, mirrored copy in another training set, or in another fold, is left out and listed."""
    noise = [np.random.default_rng(i).integers(0, 256, (100, 120, 3), dtype=np.uint8) for i in range(2 * len(ROLES))]
    found = [Photograph.of(p, name=f"p{i}", file=f"p{i}.png", source="s", role=ROLES[i % 7][0], fold=ROLES[i % 7][1]) for i, p in enumerate(noise)]
    copy = np.asarray(Image.fromarray(noise[ROLES.index(one)]).resize((80, 66)))[:, ::-1]
    found.append(Photograph.of(copy, name="copy", file="copy.png", source="s", role=other[0], fold=other[1]))
    monkeypatch.setattr(embedded, "load", lambda rotations: (found, []))
    kept, skipped = photos.sources(SMOKE.photographs, master_seed=1)
    assert skipped == [("copy.png", f"a near-duplicate of p{ROLES.index(one)}.png of s, which has another role")] and len(kept) == len(noise)
