"""The data of the interactive figures, from an invented study."""

import base64
import json
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from srfp_lib import fleet, tasks
from srfp_lib.common.checkout import HOME
from srfp_lib.experiments import attribution
from srfp_lib.explore import encoded, files, numbers, pictures, stills
from srfp_lib.fingerprints import lattice
from srfp_lib.pages import reference
from srfp_lib.stages.survival import TESTED

from .fake import IMAGES, Fake, made


@pytest.fixture(scope="module")
def study():
    return Fake()


def values(packed):
    return packed["factor"] * np.frombuffer(base64.b64decode(packed["bytes"]), np.int8)


@pytest.mark.slow
def test_every_figure_gets_a_script_that_names_it():
    found = made()
    for name in (*files.PICTURES, *files.NUMBERS):
        text = found[f"{files.FOLDER}/{name}.js"].decode()
        assert text.startswith(f"explore.data.{name} = ")
        json.loads(text.removeprefix(f"explore.data.{name} = ").removesuffix(";\n"))
    names = {*files.PICTURES, *files.NUMBERS, *files.TOYS}
    assert {name for name in found if name.startswith(files.STILLS)} == {f"{files.STILLS}/{name}.png" for name in names}


@pytest.mark.slow
def test_every_page_shows_a_still_of_its_size_and_says_what_it_shows():
    shown = []
    for page in [*HOME.glob("book/*.md"), *HOME.glob("notebooks/*.md")]:
        for figure, after in re.findall(r'<figure [^>]*data-explore="(\w+)"[^>]*>\n(.*)', page.read_text()):
            source = f'<img class="static[^"]*" src="../_static/stills/{figure}.png"'
            still = re.fullmatch(source + r' width="(\d+)" height="(\d+)" alt="([^"]+)" />', after)
            assert still, f"{page.name}: {figure}"
            size = Image.open(BytesIO(made()[f"{files.STILLS}/{figure}.png"])).size
            assert (int(still[1]), int(still[2])) == size and len(still[3].split()) > 8, f"{page.name}: {figure} is {size}"
            shown.append(figure)
    assert set(shown) == {*files.PICTURES, *files.NUMBERS, *files.TOYS}


def drawn(study, name):
    calculate, draw = files.NUMBERS.get(name, (None, None))
    return draw(calculate(study)) if draw else files.TOYS[name]()


@pytest.mark.parametrize("name", [*files.NUMBERS, *files.TOYS])
def test_a_drawn_still_is_small_and_not_blank_and_the_same_each_time(study, name):
    still = drawn(study, name)
    image = Image.open(BytesIO(still))
    pixels = np.asarray(image.convert("L"))
    assert image.format == "PNG" and image.width == 720 and 200 < image.height < 800 and len(still) < 60_000
    assert (pixels[[0, -1]] == 255).mean() > 0.9 and 0.005 < (pixels < 200).mean() < 0.5  # a white ground with something on it
    assert still == drawn(Fake(), name)


def test_three_photographs_are_drawn_without_an_interval(study):
    data = numbers.lottery(study)
    few = data | {"photographs": list("abc"), "rates": {name: rates[:3] for name, rates in data["rates"].items()}}
    assert stills.lottery(few) != stills.lottery(data)


def test_a_claim_that_is_not_measured_is_drawn(study):
    data = numbers.claims(study)
    assert stills.claims({"claims": [claim | {"verdict": "not testable here"} for claim in data["claims"]]}) != stills.claims(data)


def test_the_dial_has_every_delivery_of_the_table_once(study):
    data = numbers.damage(study)
    deliveries = [name for kind in data["kinds"].values() for name in kind]
    assert sorted(deliveries) == sorted(data["rows"]) == sorted(TESTED)
    kept = reference.table("survival_accuracy").set_index(["question", "classifier", "delivery", "group"])
    row = kept.loc[("custom", "network", "jpeg-90", "4X, L1")]
    assert data["rows"]["jpeg-90"]["network"]["4X, L1"] == pytest.approx([row["accuracy"], row["low"], row["high"]], abs=1e-4)
    assert data["profile"] == "lab" and data["kept"] and data["chance"] == pytest.approx(1 / 180, abs=1e-4)


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes():
    for figure in (pictures.average, pictures.quiz):
        assert figure(Fake()) == figure(Fake())


def test_the_average_is_that_of_all_images(study):
    data, _ = pictures.average(study)
    residuals = [lattice.residual(study.pixels(pictures.one("VGG_GAN", 2), name)[None, :32, :32])[0, 4:28, 4:28] for name in IMAGES]
    shown = data["residuals"]["VGG_GAN"][-1][1]
    assert data["steps"] == [1, 2, 4, 8, len(IMAGES)]
    assert np.allclose(values(shown).reshape(24, 24, 3), np.mean(residuals, 0), atol=shown["factor"])


def test_a_shift_hides_the_network_and_a_search_finds_it(study):
    data, _ = pictures.phase(study, most=5)
    accuracy = [rate[0] for rate in data["places"]]
    assert accuracy[0] > 0.9 and max(accuracy[1:]) < 0.3 and data["search"][0] > 0.9
    assert data["answers"][0] == data["found"] == data["network"] and data["photographs"] == 5


def test_swatches_are_strong_where_the_invented_patterns_are(study):
    data, _ = pictures.swatches(study)
    faint = [s for s, name in zip(data["strength"], data["networks"], strict=True) if "L1" in name]
    strong = [s for s, name in zip(data["strength"], data["networks"], strict=True) if "GAN" in name]
    assert len(data["networks"]) == 180 and np.median(strong) > 2 * np.median(faint)


def test_the_quiz_asks_about_the_network_that_made_the_image(study):
    for asked in pictures.quiz(study)[0]["rounds"]:
        own, means = values(asked["pattern"]), [values(mean) for mean in asked["means"]]
        assert {asked["truth"], asked["numbers"], asked["cnn"]} <= {0, 1, 2}
        assert np.argmin([np.abs(own - mean).sum() for mean in means]) == asked["numbers"]


def test_withheld_networks_are_those_of_the_task(study):
    cells = numbers.withheld(study)["cells"]
    assert len(cells) == 18
    task, roles = tasks.parser("dataset", "RCAN"), cells["dataset RCAN"]["roles"]
    assert [n for n, role in zip(fleet.custom(), roles, strict=True) if role == "2"] == list(task.test)
    assert roles.count("1") == len(task.train) and roles.count("0") == 60


def test_the_map_shows_what_the_features_know(study):
    data = numbers.feature_map(study)
    first = np.array(data["places"])[:, 0]
    fine = np.array(["x4" in name for name in data["networks"]])
    assert min(first[fine]) > max(first[~fine]) or max(first[fine]) < min(first[~fine])  # the invented features know the scale
    answers = attribution.scored(study.predictions("attribution"))
    assert data["accuracy"] == pytest.approx(answers.groupby("model_id")["correct"].mean()[data["networks"]].to_list(), abs=1e-4)
    assert all(other != name for other, name in zip(data["taken"], data["networks"], strict=True))


def test_the_lottery_has_the_photographs_own_accuracies(study):
    data = numbers.lottery(study)
    answers = attribution.scored(study.predictions("attribution"))
    assert data["rates"]["all networks"][0] == pytest.approx(answers.query("photograph == 'a'")["correct"].mean(), abs=1e-4)
    assert data["quantiles"][0] == pytest.approx(12.7062)


def test_the_opening_has_the_numbers_of_the_tables(study):
    text, (rows,) = numbers.opening(study), [numbers.claims(study)["claims"]]
    for claim in (row for row in rows if row["id"] in ("C05", "C16", "C07")):
        assert f"**{claim['paper']}** in the paper" in text and f"**{claim['ours']}** in the run" in text and claim["interval"] in text
    assert text.count("\n- ") == 2 and "0.6 %" in text


def test_an_unmeasured_claim_is_said_to_be_so(study, monkeypatch):
    empty = {"id": "", "paper": "", "lab": "", "ours": "", "interval": ""}
    monkeypatch.setattr(numbers, "claims", lambda _: {"claims": [empty | {"id": name} for name, _, _ in numbers.OPENING]})
    assert numbers.opening(study).count("not measured here") == 3


def test_a_sheet_is_as_wide_as_its_longest_row():
    one = np.zeros((2, 2, 3), np.uint8)
    assert Image.open(BytesIO(encoded.sheet([[one], [one, one]], 10))).size == (28, 28)
