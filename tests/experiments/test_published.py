"""Published networks: groups, parsers' answers, the writer control, and the claims."""

import numpy as np
import pytest

from srfp_lib import fleet, tasks
from srfp_lib.experiments import findings, published
from srfp_lib.experiments.results import Results
from srfp_lib.profiles import Published
from srfp_lib.published.catalogue import truncating
from srfp_lib.stages import units
from tests.experiments.conftest import index_of, predict

IDS = [n.model_id for n in fleet.published()]
PHOTOGRAPHS = tuple(f"p{i:02d}" for i in range(30))


@pytest.fixture(scope="module")
def runs():
    """4X adversarial networks always right, others on half of the photographs."""
    index = index_of(fleet.published(), PHOTOGRAPHS, images=1)
    sure = index["model_id"].map(lambda m: fleet.parse(m).adversarial and fleet.parse(m).scale == 4)
    right = (sure | index["photograph"].isin(PHOTOGRAPHS[::2])).to_numpy()
    return [predict("published", r, IDS, index, index["model_id"], right, r) for r in (1, 2)]


@pytest.fixture(scope="module")
def parsed():
    """Parsers that answer 2X, L1 and EDSR whatever they see."""
    index = index_of(fleet.published(), PHOTOGRAPHS, images=1)
    constant = {"scale": "2", "loss": "L1", "architecture": "EDSR"}
    runs = {a: [predict(a, 1, tasks.CLASSES[a], index, [v] * len(index), np.ones(len(index), bool))] for a, v in constant.items()}
    return published.parsed(runs)


def test_groups_carry_the_papers_numbers_for_the_warm_start(runs):
    table = published.attribution({"warm": runs, "cold": runs}).set_index(["start", "group"])
    assert table.loc[("warm", "4X, adversarial"), "accuracy"] == 1 and table.loc[("warm", "4X, L1"), "accuracy"] == 0.5
    assert table.loc[("warm", "2X, all"), "paper"] == 0.774 and np.isnan(table.loc[("warm", "2X, L1"), "paper"])
    assert table.loc["cold", "paper"].isna().all() and (table["chance"] == 1 / 25).all()


def test_networks_say_what_they_are_taken_for(runs):
    table = published.by_network(runs).set_index("model_id")
    assert table.loc[IDS[0], "most_often_taken_for"] == "EDSR 4X L1 (50%)"
    assert table.loc["ESRGAN-NA-x4-ESRGAN-NA-pretrained", "most_often_taken_for"] == "–"


@pytest.mark.slow
def test_two_networks_are_told_apart_by_the_sign_of_a_difference(runs):
    sure, other = (next(n.model_id for n in fleet.published() if n.scale == 4 and n.adversarial is flag) for flag in (True, False))
    table = published.against(runs, sure, other)
    assert len(table) == 2 * 2 * len(PHOTOGRAPHS) and table.groupby("model_id")["correct"].mean()[sure] == 1
    column = [runs[0].classes.index(name) for name in (sure, other)]
    first = table.iloc[0]
    row = runs[0].index.index[(runs[0].index["model_id"] == first["model_id"]) & (runs[0].index["image"] == first["image"])][0]
    assert first["difference"] == runs[0].scores[row, column[0]] - runs[0].scores[row, column[1]]


def test_figure_7_has_the_papers_250_cells(parsed):
    table = published.figure_7(parsed)
    assert len(table) == 250 and table["paper"].notna().all()
    # One right scale each; L1 for 17 networks and both adversarial losses for 8; eleven known architectures.
    assert table[table["right"]].groupby("parser").size().to_dict() == {"architecture": 11, "loss": 17 + 2 * 8, "scale": 25}
    assert table.groupby(["model_id", "parser"])["share"].sum().eq(1).all()


def test_eleven_networks_have_a_known_architecture():
    assert sum(bool(published.right_answers("architecture", m)) for m in IDS) == 11


@pytest.mark.parametrize(("writer", "second"), [("round", "truncated"), ("authors", "rounded")])
def test_the_writer_control_separates_network_and_writer(writer, second):
    networks = units.task("published-writer", Published(writer=writer)).train
    assert {n.model_id for n in networks} == {*truncating(), *(f"{name}~{second}" for name in truncating())}
    index = index_of(networks, images=1)
    swapped = [m.partition("~")[0] for m in index["model_id"]]  # the network is always right, the writer always the first
    run = predict("published-writer", 1, [n.model_id for n in networks], index, swapped, np.ones(len(index), bool))
    table = published.writer([run]).set_index("question")
    assert table.loc["network", "accuracy"] == 1 and table.loc["writer", "accuracy"] == 0.5
    assert truncating() <= set(IDS)


def test_claims_are_judged_and_say_whose_networks_they_rest_on(runs, parsed):
    claims = [f"C{n}" for n in (*range(24, 36), *range(47, 53))]
    results = Results(warm=runs, cold=runs, unseen=runs, parsed=parsed)
    judged = findings.claims(results, only=claims).set_index("id")
    assert judged["ours"].notna().all() and judged.loc["C28", "verdict"] == "holds" and judged.loc["C50", "verdict"] == "holds"
    assert judged.loc["C51", "ours"] == 0 and judged.loc["C51", "verdict"] == "opposite"
    mixed = Results(warm=runs, unseen=runs, origins={"a network of the paper": 1, "another published network": 12})
    found = findings.claims(mixed, only=["C28", "C34"]).set_index("id")
    assert found.loc["C28", "verdict"] == "holds" and found.loc["C28", "reason"] == "on 13 real networks, 1 of them the paper's"
    assert "real networks" not in found.loc["C34", "reason"]  # about networks by name
    assert Results(origins={"a network of the paper": 25}).whose == ""
    assert Results(origins={"images of a folder": 3}).whose == "on 3 sets of images of other people's networks"


def test_a_claim_about_networks_that_are_not_there_is_not_testable(runs):
    some = [fleet.parse(m) for m in IDS if "x2" in m]
    index = index_of(some)
    run = predict("published", 1, [n.model_id for n in some], index, index["model_id"], np.ones(len(index), bool))
    row = findings.claims(Results(warm=[run], cold=[run]), only=["C28"]).iloc[0]
    assert row["verdict"] == findings.UNTESTED and "4X, adversarial" in row["reason"]
