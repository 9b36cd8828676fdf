"""Equal figures and tables give equal bytes, and every figure says in words what it shows."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet, tasks
from srfp_lib.experiments import attribution, controls, seeds
from srfp_lib.figures import accuracy, architecture, closer, fingerprints, images, published, save
from srfp_lib.pages import tables
from tests.experiments.conftest import runs  # noqa: F401 - a fixture

PAIR = ["SRFBN-NA-x2-L1-NA-pretrained", "SRFBN-NA-x4-L1-NA-pretrained"]


@pytest.fixture(scope="module")
def drawn(runs):  # noqa: F811
    """All figures of the book from synthetic results, by name, as functions that draw them."""
    answers = attribution.scored(runs)
    table = attribution.table_3(answers)
    rows = table[~table["value"].isin(attribution.EFFECTS)]
    triplets = seeds.scored(runs)
    seed_table, by_photograph = seeds.table(triplets, triplets), attribution.by_photograph(answers)
    maps = {(s, a): attribution.tsne(runs[0], scale=s, adversarial=a) for s in (2, 4) for a in (False, True)}
    panels = attribution.panels(answers)
    networks = fleet.frame(fleet.custom()).assign(gain=0.1, ssim=0.9)
    log = networks.rename(columns={"loss": "loss_name"}).assign(step=1, loss=0.5)
    pixels = np.zeros((8, 8, 3), np.uint8)
    first = answers[answers["run"] == 1]
    control = controls.compare(first, {"known-offset": first, "bits-7": first})
    curve = pd.DataFrame([{"experiment": e, "tested": t, "train_seeds": n, "accuracy": 0.3, "low": 0.2, "high": 0.4, "chance": 0.2}
                          for e in ("seeds", "permuted") for t in ("seen", "unseen") for n in (2, 4)])  # fmt: skip
    lost = pd.DataFrame([{"origin": origin, "scale": scale, "kind": "L1", "frequency": f, "mean": -f, "min": -f, "max": 0}
                         for origin in ("fleet", "real") for scale in (2, 4) for f in (0.1, 0.2, 0.4)])  # fmt: skip
    apart = pd.DataFrame({"model_id": PAIR, "difference": [1.0, -2.0]})
    means = pd.DataFrame([{"pairs_among": g, "quantity": f"ratio, {w}", "value": 0.5, "low": 0.4, "high": 0.6, "paper": 0.3}
                          for g in ("all pairs", "2X, L1") for w in ("seen", "unseen")])  # fmt: skip
    apart_ = pd.DataFrame(np.linspace(0.1, 1, len(PAIR) ** 2).reshape(len(PAIR), -1), PAIR, PAIR)
    answered = pd.DataFrame([{"model_id": m, "parser": p, "predicted": v, "right": v in ("2", "L1"), "share": 0.2, "paper": np.nan}
                             for m in PAIR for p in tasks.PARSED_OF_PUBLISHED for v in tasks.CLASSES[p]])  # fmt: skip
    rule = {"quantity": "accuracy", "unit": "percent", "opposite": 0.5}
    rule |= {"holds_from": 0.9, "holds_to": np.nan, "within_from": 0.8, "within_to": np.nan}
    pattern = np.arange(2 * 2 * 48, dtype=np.float32).reshape(2, 2, 4, 4, 3) % 7
    return {
        "dots": lambda: accuracy.dots(rows, list(rows["value"]), title="accuracy", chance=0.1),
        "seeds": lambda: accuracy.seeds(seed_table),
        "photographs": lambda: accuracy.photographs(by_photograph),
        "photographs with pictures": lambda: accuracy.photographs(by_photograph, [pixels] * len(by_photograph)),
        "slopes": lambda: published.slopes(means, "ratio"),
        "ratios": lambda: published.ratios({"this run": (apart_, apart_)}),
        "answers": lambda: published.answers(answered),
        "panels": lambda: accuracy.panels(maps, panels),
        "control": lambda: accuracy.control(control),
        "gallery": lambda: images.gallery([pixels] * 3, ["a", "b", "c"], columns=2),
        "patches": lambda: images.patches({"x": {"p": pixels, "q": pixels}, "y": {"p": pixels, "q": pixels}}),
        "quality": lambda: images.quality(networks),
        "training": lambda: images.training(log),
        "losses": lambda: images.losses([0.02, 0.01, 0.005]),
        "curve": lambda: architecture.curve(curve, 0.74),
        "lost": lambda: architecture.lost(lost),
        "apart": lambda: closer.apart(apart, *PAIR),
        "shares": lambda: closer.shares(pd.DataFrame({"2X": [1.0, 0.2], "4X": [0.0, 0.8]}, index=["2X", "4X"]), "answers"),
        "judged": lambda: closer.judged(0.7, (0.6, 0.8), rule, "weaker"),
        "growing": lambda: closer.growing(np.array([-1.0, 2.0]), np.array([-1.0, 1.0]), PAIR[0]),
        "bars": lambda: closer.bars(pd.Series({"a": 1.0, "b": 2.0}, name="a number by letter")),
        "pair": lambda: fingerprints.pair(PAIR, pattern, np.ones((2, 32, 17), np.float32), np.zeros((32, 17), np.float32), 2.0),
        "strong_and_known": lambda: fingerprints.strong_and_known(networks.assign(strength=0.1, accuracy=0.5), "CNN"),
    }


@pytest.mark.slow
def test_every_figure_has_a_sentence_and_is_written_alike_twice(drawn, tmp_path):
    written = []
    for folder in (tmp_path / "1", tmp_path / "2"):
        folder.mkdir()
        for name, draw in drawn.items():
            figure, alt = draw()
            assert alt.endswith(".") and len(alt.split()) >= 5 and "nan" not in alt, name
            save(figure, folder, name)
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert [name for name in written[0] if written[0][name] != written[1][name]] == []


@pytest.mark.slow
def test_a_users_matplotlibrc_changes_nothing(drawn, tmp_path):
    """Whatever a user or another package sets (usetex needs a TeX that is not there), bytes are those of the book's style."""
    mine = {"text.usetex": True, "font.family": "serif", "font.size": 20, "figure.dpi": 50, "axes.facecolor": "black", "savefig.bbox": "tight"}
    written = []
    for name, settings in (("book", {}), ("mine", mine)):
        (tmp_path / name).mkdir()
        with mpl.rc_context(settings):
            for figure, draw in drawn.items():
                save(draw()[0], tmp_path / name, figure)
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert [name for name in written[0] if written[0][name] != written[1][name]] == []


def test_csv_text_has_fixed_digits():
    frame = pd.DataFrame({"a": [1 / 3, np.nan], "b": ["x", "y"]})
    assert tables.to_csv_text(frame) == "a,b\n0.333333,x\n,y\n"


def test_pages_escape_and_show_what_is_missing():
    html = tables.rounded(pd.DataFrame({"name": ["<b>"], "v": [np.nan]}), {"v": 2}).titled("A & B")._repr_html_()
    assert "&lt;b&gt;" in html and "–" in html and "A &amp; B" in html


def test_beside_paper_shows_ours_and_theirs(runs):  # noqa: F811
    shown = tables.beside_paper(attribution.table_3(attribution.scored(runs)), {"value": "value"})
    page = shown.frame
    assert page.loc[0, "the paper, %"] == "95.4 ± 0.7" and page.loc[2, "ours, %"] == "50.0 ± 0.0"
    assert page.loc[2, "95 % interval"] == "photographs: 100.0, 100.0, 0.0, 0.0" and shown.note == "Chance: 0.56 %"
