"""Tables from predictions whose accuracies are known."""

import pandas as pd
import pytest

from srfp_lib import fleet, paper, tasks
from srfp_lib.experiments import attribution, findings, parsing, quality, seeds
from srfp_lib.experiments.results import Results


def test_table_3_has_the_papers_rows_and_our_values(runs):
    table = attribution.table_3(attribution.scored(runs))
    printed = paper.table("table_3")
    assert list(table["value"]) == list(printed["value"]) and table["paper"].notna().all()
    ours = table.set_index("value")["accuracy"]
    assert ours["L1"] == 0.5 and ours["VGG+adv"] == ours["ResNet+adv"] == 1
    assert ours["2X"] == ours["4X"] == pytest.approx(5 / 6)
    assert ours["4X minus 2X"] == 0 and ours["mean of VGG+adv and ResNet+adv, minus L1"] == 0.5


def test_photographs_are_ordered_from_hard_to_easy(runs):
    table = attribution.by_photograph(attribution.scored(runs))
    assert list(table["accuracy_L1"]) == [0, 0, 1, 1] and (table["accuracy_adversarial"] == 1).all()


def test_panels_carry_the_printed_values(runs):
    panels = attribution.panels(attribution.scored(runs))
    assert list(panels["paper"]) == [0.886, 0.987, 0.902, 0.998]
    assert list(panels["accuracy"]) == [0.5, 1, 0.5, 1]


def test_confusions_tell_what_wrong_answers_share(runs):
    table = attribution.confusions(attribution.scored(runs)).set_index("hyperparameter")
    assert table.loc["architecture", "right"] >= 5 / 6
    assert (table["right_among_wrong_answers"] <= table["right"]).all()


def test_table_2_gives_each_backbone_its_chance(runs):
    table = attribution.table_2({"one": runs[:1], "two": runs})
    assert table["chance"].tolist() == [1 / 180] * 2 and table["accuracy"].tolist() == pytest.approx([5 / 6] * 2)


def test_tsne_is_seeded_and_holds_one_panel(runs):
    maps = [attribution.tsne(runs[0], scale=4, adversarial=False) for _ in range(2)]
    assert maps[0].equals(maps[1]) and len(maps[0]) == 240
    assert all(fleet.parse(m).scale == 4 and fleet.parse(m).loss == "L1" for m in maps[0]["model_id"])


def test_a_triplet_is_judged_among_its_three(runs):
    answers = seeds.scored(runs)
    assert len(answers) == 2 * 30 * 3 * 8
    table = seeds.table(answers, answers)
    rows = table[(table["method"] == "CNN") & (table["triplets"] == "24")]
    assert list(rows["n_triplets"]) == [4] * 6 + [24] and rows["paper"].notna().all()
    assert rows[rows["loss"] == "VGG_GAN"]["accuracy"].tolist() == [1, 1]
    assert rows[rows["loss"] == "L1"]["accuracy"].lt(1).all()
    assert table[table["triplets"] == "30"]["n_triplets"].max() == 30
    assert table[table["triplets"] == "NLSN"]["n_triplets"].max() == 6


def test_restricted_argmax_looks_at_three_columns_only(runs):
    run = runs[0]
    other = run.scores.copy()
    other[:, run.classes.index("EDSR-flickr2k-x2-L1-s1")] = 99  # a network of no triplet
    changed = type(run)(run.task, run.run, run.classes, run.index, other)
    assert seeds.scored([changed])["correct"].equals(seeds.scored([run])["correct"])


def test_table_4_has_18_cells_and_6_dashes_with_the_papers_values(parsers):
    table = parsing.table_4(parsers)
    printed = paper.table("table_4")
    assert table["kind"].value_counts().to_dict() == {"cell": 18, "dash": 6}
    cells = table[table["kind"] == "cell"]
    assert sorted(cells["paper"]) == sorted(printed[printed["row_kind"] == "cell"]["accuracy_mean"])
    assert (cells["accuracy"] == 0.25).all() and (cells["n_photographs"] == 4).all()


def test_by_class_shows_a_constant_answer(parsers):
    shares = parsing.by_class(parsers, "scale", "L1")
    assert shares.groupby("truth")["share"].sum().tolist() == pytest.approx([1, 1])


@pytest.fixture
def measured():
    rows = [(n.model_id, f"{p}_0", p, 30.0 if n.model_id != "EDSR-div2k-x2-L1-s1" else 20.0, 0.9, 29.0) for n in fleet.custom() for p in "abcd"]
    return pd.DataFrame(rows, columns=["model_id", "image", "photograph", "psnr", "ssim", "bicubic_psnr"])


def test_a_network_far_below_bicubic_is_a_failed_training(measured):
    assert quality.failed(measured) == ["EDSR-div2k-x2-L1-s1"]
    groups = quality.groups(quality.per_network(measured))
    assert groups["failed"].sum() == 1 and groups["n_networks"].tolist() == [30] * 6
    assert groups["paper_psnr"].notna().all()


def test_lpips_is_empty_where_it_was_not_asked_for_and_the_papers_is_there(measured):
    plain, asked = quality.per_network(measured), quality.per_network(measured.assign(lpips=0.2))
    assert plain["lpips"].isna().all() and (asked["lpips"] == 0.2).all() and (asked["lpips_sd"] < 1e-12).all()
    assert plain.drop(columns=["lpips", "lpips_sd"]).equals(asked.drop(columns=["lpips", "lpips_sd"]))
    assert plain[["paper_lpips", "paper_lpips_sd", "paper_psnr"]].notna().all(axis=None)


def everything(runs, parsers, measured) -> Results:
    """What a run of the custom fleet alone can say."""
    answers = {"attribution": attribution.scored(runs), "cnn_triplets": seeds.scored(runs), "prnu_triplets": seeds.scored(runs)}
    return Results(**answers, parsers=parsers, quality=measured)


def test_every_claim_gets_a_verdict_with_a_reason_where_it_cannot_be_tested(runs, parsers, measured):
    claims = findings.claims(everything(runs, parsers, measured))
    assert len(claims) == 56 and set(claims["verdict"]) <= set(findings.VERDICTS)
    assert claims[claims["verdict"] != "holds"]["reason"].ne("").all()
    by_id = claims.set_index("id")
    assert by_id.loc["C09", "verdict"] == "undecided" and by_id.loc["C09", "ours"] == pytest.approx(0.5)  # reaches 0
    assert by_id.loc["C54", "verdict"] == "undecided"  # the same PSNR everywhere
    assert by_id.loc["C12", "verdict"] == "undecided" and by_id.loc["C12", "ours"] == pytest.approx(0.5)
    assert "ConvNeXt-B is not" in by_id.loc["C01", "reason"] and "published networks" in by_id.loc["C24", "reason"]


def test_few_photographs_are_kept_beside_a_claim(runs):
    answers = attribution.scored(runs)
    few = answers[answers["photograph"].isin(answers["photograph"].unique()[:2])]
    (row,) = findings.claims(Results(attribution=few), only=["C05"]).to_dict("records")
    by_photograph = attribution.accuracy(few).spread().by_photograph
    assert row["each"] == " ".join(f"{value:.4f}" for value in by_photograph) and pd.isna(row["low"])


def test_only_asks_for_what_it_needs(runs):
    claims = findings.claims(Results(attribution=attribution.scored(runs)), only=["C05"])
    assert claims["id"].tolist() == ["C05"]
    assert len(tasks.parsers()) == 18
