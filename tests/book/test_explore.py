"""The interactive figures in a browser: each is worked by the keyboard alone, and its state is read from the page."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.common.checkout import HOME
from srfp_lib.experiments import separability, uncertainty
from srfp_lib.explore import toys

from ..explore.fake import made
from . import chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not chromium.PROGRAM, reason="there is no Chromium here: install chromium to test interactive figures"),
]
PLAIN = ("room", "ratio")
KEYS = {
    "Enter": ("\r", 13),
    "Tab": ("\t", 9),
    "ArrowRight": ("", 39),
    "ArrowLeft": ("", 37),
    "ArrowDown": ("", 40),
    "ArrowUp": ("", 38),
    "End": ("", 35),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A page with all figures, opened in a browser."""
    folder = tmp_path_factory.mktemp("book")
    shutil.copytree(HOME / "book" / "_static", folder / "_static")
    for path, content in made().items():
        file = folder / path.removeprefix("book/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    names = sorted(file.stem for file in (HOME / "book" / "_static" / "explore").glob("*.js") if file.stem != "explore")
    inside = '<p class="static">still</p><figcaption>a figure</figcaption>'
    figures = "".join(f'<figure class="explore" data-explore="{n}"{" data-plain" * (n in PLAIN)}>{inside}</figure>' for n in names)
    head = '<link rel="stylesheet" href="_static/explore/explore.css"><script src="_static/explore/explore.js"></script>'
    (folder / "page.html").write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>figures</title>{head}{figures}</html>')
    with chromium.page(folder / "browser") as page:
        page.wide(900)
        page.open(folder / "page.html")
        page.run(
            "new Promise(done => { const wait = () => document.querySelectorAll('figure:not(.on)').length ? setTimeout(wait, 50) : done(); wait(); })"
        )
        yield page


def focus(page, name, what, number=0):
    place = json.dumps(f'[data-explore="{name}"] {what}')
    found = page.run(f"(node => {{ if (node) node.focus(); return document.activeElement === node; }})(document.querySelectorAll({place})[{number}])")
    assert found, f"{name}: {what} {number} takes no focus"


def press(page, *keys):
    for key in keys:
        text, code = KEYS[key]
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            page.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **({"text": text} if text == "\r" else {}))


def state(page, name):
    return dict(pair.split("=", 1) for pair in page.run(f"""document.querySelector('[data-explore="{name}"]').dataset.state""").split())


def test_every_figure_starts_without_an_error(book):
    bad = [event for event in book.events if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert not bad and book.run("document.querySelectorAll('figure.on').length") == 12
    assert book.run("[...document.querySelectorAll('.static')].every(node => getComputedStyle(node).display === 'none')")


def test_everything_that_can_be_seen_or_worked_has_a_name(book):
    assert (
        book.run("""[...document.querySelectorAll('canvas[role=img], svg[role=img], g[tabindex], button')].filter(node =>
        !node.closest('[hidden]') && !(node.getAttribute('aria-label') || node.textContent)).length""")
        == 0
    )
    assert book.run("[...document.querySelectorAll('input')].filter(node => !node.labels.length || !node.labels[0].textContent).length") == 0
    ids = book.run("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))


def test_blink_swaps_seeds_and_amplifies(book):
    focus(book, "blink", "button")
    press(book, "Enter")
    assert state(book, "blink")["seed"] == "2"
    focus(book, "blink", "input[type=range]")
    press(book, "End")
    assert state(book, "blink")["gain"] == "32"
    focus(book, "blink", "input[type=radio]:checked", 1)
    press(book, "ArrowLeft")
    assert state(book, "blink")["loss"] == "L1" and float(state(book, "blink")["mean"]) > 0


def test_blink_stops_when_asked(book):
    focus(book, "blink", "button", 1)
    press(book, "Enter")
    assert state(book, "blink")["blink"] == "true"
    press(book, "Enter")
    assert state(book, "blink")["blink"] == "false"


def test_the_average_melts(book):
    before = float(state(book, "average")["spread"])
    focus(book, "average", "input[type=range]")
    press(book, "End")
    after = state(book, "average")
    assert after["images"] == "10" and float(after["spread"]) < before


def test_swatches_are_reached_by_arrows_and_compared(book):
    focus(book, "swatches", "button.cell")
    press(book, "ArrowRight", "ArrowDown", "Enter")
    assert state(book, "swatches")["kept"] == "EDSR-div2k-x2-VGG_GAN-s2"
    press(book, "ArrowRight")
    assert state(book, "swatches")["looked"] == "EDSR-div2k-x2-VGG_GAN-s3"
    assert book.run("document.querySelectorAll('button.cell[tabindex=\"0\"]').length") == 1


def test_a_shift_hides_the_network_and_the_search_finds_it(book):
    assert state(book, "phase")["correct"] == "true"
    focus(book, "phase", "input[type=range]", 1)
    press(book, "ArrowRight")
    assert state(book, "phase")["right"] == "1" and state(book, "phase")["correct"] == "false"
    focus(book, "phase", "button")
    press(book, "Enter")
    assert state(book, "phase")["correct"] == "true"


def test_l1_seeds_agree_and_adversarial_ones_scatter(book):
    focus(book, "room", "input[type=range]")
    press(book, "End")
    agree = float(state(book, "room")["apart"])
    cells = book.run("[...document.querySelectorAll('[data-explore=room] table td')].map(cell => cell.textContent)")
    pairs = [toys.told_apart(toys.trained(loss, scale)) for loss in ("L1", "adversarial") for scale in (2, 4)]
    assert cells == [f"{100 * apart / of:.0f} %" for apart, of in pairs]  # the still picture has the seeds of the script
    focus(book, "room", "input[type=radio]")
    press(book, "ArrowRight")
    scatter = float(state(book, "room")["apart"])
    assert state(book, "room")["fitting"] == "19" and agree < 0.05 < scatter
    fine = float(state(book, "room")["share"])
    focus(book, "room", "input[type=radio]:checked", 1)
    press(book, "ArrowLeft")  # 2X
    assert 0 < float(state(book, "room")["share"]) < fine
    focus(book, "room", "input[type=radio]:checked", 2)
    press(book, "ArrowLeft")
    assert state(book, "room")["fitting"] == "1" and float(state(book, "room")["apart"]) < 0.05


def test_both_ratios_are_those_of_the_package(book):
    begin, clouds = state(book, "ratio"), toys.clouds(((145, 110), (215, 110)))
    assert [float(begin[name]) for name in ("ratio", "squares")] == pytest.approx(toys.ratios(clouds), abs=1e-3)
    focus(book, "ratio", "g[tabindex]", 1)
    press(book, "ArrowLeft", "ArrowLeft", "ArrowDown")
    found = state(book, "ratio")
    points = np.array(json.loads(book.run("document.querySelector('[data-points]').dataset.points")), np.float32).reshape(-1, 2)
    index = pd.DataFrame([(network, str(i), str(i)) for network in "AB" for i in range(12)], columns=["model_id", "image", "photograph"])
    run = Predictions("t", 1, ("A", "B"), index, np.zeros((24, 2), np.float32), points)
    assert float(found["ratio"]) == pytest.approx(separability.ratio([run]).matrix[0, 1], abs=1e-3)
    assert float(found["squares"]) == pytest.approx(separability.ratio_of_squares([run]).matrix[0, 1], abs=1e-3)


def test_the_map_is_coloured_and_walked(book):
    focus(book, "map", "input[type=radio]:checked")
    press(book, "ArrowLeft")
    focus(book, "map", "g[tabindex]")
    press(book, "ArrowRight", "ArrowDown")
    assert state(book, "map") == {"by": "scale", "network": "EDSR-div2k-x2-VGG_GAN-s2"}


def test_a_value_is_withheld(book):
    focus(book, "withheld", "input[type=radio]")
    press(book, "ArrowRight", "ArrowRight")
    found = state(book, "withheld")
    assert (found["column"], found["train"], found["test"]) == ("SwinIR", "144", "36")


def test_photographs_are_drawn_and_the_interval_is_that_of_the_package(book):
    focus(book, "lottery", "button")
    press(book, "Enter")
    found, rates = state(book, "lottery"), np.array(book.run("explore.data.lottery.rates['all networks']"))
    drawn = rates[[int(place) for place in found["picks"].split(",")]]
    low, high = uncertainty.Spread(drawn, drawn.mean(keepdims=True), np.ones((1, len(drawn)), bool)).interval(bounds=(0.0, 1.0))
    assert [float(found[name]) for name in ("mean", "low", "high")] == pytest.approx([drawn.mean(), low, high], abs=1e-3)
    focus(book, "lottery", "button", 1)
    press(book, "Enter")
    assert state(book, "lottery")["draws"] == "101" and 50 < int(state(book, "lottery")["covered"]) < 102


def test_the_dial_turns_and_the_networks_change(book):
    assert state(book, "damage")["delivery"] == "jpeg-95"
    focus(book, "damage", "input[type=range]")
    press(book, "ArrowRight")
    rows, found = book.run("explore.data.damage.rows"), state(book, "damage")
    assert found["delivery"] == "jpeg-90" and float(found["accuracies"].split(",")[1]) == rows["jpeg-90"]["network"]["4X, adversarial"][0]
    press(book, "End")
    assert state(book, "damage")["delivery"] == "jpeg-50"
    focus(book, "damage", "input[type=radio]:checked")
    press(book, "ArrowRight", "ArrowRight")
    assert state(book, "damage")["delivery"] == "size-98"
    focus(book, "damage", "input[type=radio]:checked", 1)
    press(book, "ArrowLeft")
    found = state(book, "damage")
    assert found["scale"] == "2" and float(found["accuracies"].split(",")[0]) == rows["size-98"]["network"]["2X, L1"][0]
    words = book.run("document.querySelector('[data-explore=damage] svg[role=img]').getAttribute('aria-label')")
    assert words.startswith("Size 98 %") and "95 % interval" in words


def test_claims_are_filtered_and_opened(book):
    focus(book, "claims", "input[type=radio]")
    press(book, "ArrowRight")
    assert state(book, "claims")["verdict"] != "all"
    focus(book, "claims", "button")
    press(book, "ArrowRight", "Enter")
    assert state(book, "claims")["claim"] == "C02"


def test_the_quiz_counts(book):
    for _ in range(2):
        focus(book, "quiz", "button", 1)
        press(book, "Enter", "Enter")  # an answer, then the next image, which has the focus
    found = state(book, "quiz")
    assert found["round"] == "3" and found["answered"] == "false" and int(found["numbers"]) <= 2
