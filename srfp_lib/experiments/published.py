"""Can the published networks be told apart (section 4.1.2) and parsed (section 4.2.1, Figure 7)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from .. import fleet, paper, tasks
from ..classifiers.predictions import Predictions
from .attribution import scored
from .separability import groups
from .uncertainty import Accuracy

SELECTION = {"all": "all", "2X, all": "scale=2", "4X, L1": "scale=4 and loss=L1", "4X, adversarial": "scale=4 and loss!=L1"}  # in the paper's table


def attribution(starts: Mapping[str, Sequence[Predictions]]) -> pd.DataFrame:
    """Accuracy by start of the classifier and by group; the paper's values are those of the warm start."""
    printed = paper.table("pretrained_attribution").set_index("selection")
    rows = []
    for start, runs in starts.items():
        answers, classes = scored(runs), runs[0].classes
        for group, members in ({"all": list(classes)} | groups(classes)).items():
            row = {"start": start, "group": group, "n_networks": len(members), "chance": 1 / len(classes)}
            row |= Accuracy.of(answers[answers["model_id"].isin(members)]).columns()
            if start == "warm" and group in SELECTION:
                theirs = printed.loc[SELECTION[group]]
                row |= {"paper": theirs["accuracy_mean"], "paper_sd": theirs["accuracy_sd_over_3_classifiers"]}
            rows.append(row)
    return pd.DataFrame(rows)


def by_network(runs: Sequence[Predictions]) -> pd.DataFrame:
    """The accuracy on each network's images, and the network they are most often mistaken for."""
    answers = scored(runs)
    rows = []
    for model_id, group in answers.groupby("model_id", sort=False):
        wrong = group.loc[~group["correct"], "predicted"].value_counts()
        mistaken = f"{fleet.short(wrong.index[0])} ({wrong.iloc[0] / len(group):.0%})" if len(wrong) else "–"
        rows.append({"model_id": model_id, **Accuracy.of(group).columns(), "most_often_taken_for": mistaken})
    return pd.DataFrame(rows)


def against(runs: Sequence[Predictions], one: str, other: str) -> pd.DataFrame:
    """The images of two networks by the log-probability of ``one`` less that of ``other``: model_id, image, photograph, run, difference, correct.

    ``correct`` where its sign names the right one of the two.
    """
    tables = []
    for run in runs:
        columns = [run.classes.index(name) for name in (one, other)]
        rows = run.index["model_id"].isin([one, other]).to_numpy()
        tables.append(run.index[rows].assign(run=run.run, difference=run.scores[rows][:, columns] @ [1, -1]))
    found = pd.concat(tables, ignore_index=True)
    return found.assign(correct=(found["difference"] > 0) == (found["model_id"] == one))


def right_answers(asks: str, model_id: str) -> tuple[str, ...]:
    """A parser's right answers: for an adversarial network any adversarial loss, for an architecture outside the fleet none."""
    network = fleet.parse(model_id)
    if asks == "scale":
        return (str(network.scale),)
    if asks == "loss":
        return tuple(loss for loss in fleet.LOSSES if (loss != "L1") == network.adversarial)
    return (network.architecture,) if network.architecture in fleet.ARCHITECTURES else ()


def parsed(parsers: Mapping[str, Sequence[Predictions]]) -> pd.DataFrame:
    """One row per answer of a parser on a published image: model_id, image, photograph, asks, run, predicted, adversarial, known, correct.

    ``known`` is False where no answer can be right.
    """
    return marked(pd.concat([run.answers().assign(asks=asks) for asks in tasks.PARSED_OF_PUBLISHED for run in parsers[asks]], ignore_index=True))


def marked(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers (model_id, asks, predicted) with the columns adversarial, known and correct."""
    right = {(asks, m): right_answers(asks, m) for asks in tasks.PARSED_OF_PUBLISHED for m in answers["model_id"].unique()}
    rows = list(zip(answers["asks"], answers["model_id"], answers["predicted"], strict=True))
    return answers.assign(
        adversarial=[fleet.parse(m).adversarial for _, m, _ in rows],
        known=[bool(right[asks, m]) for asks, m, _ in rows],
        correct=[predicted in right[asks, m] for asks, m, predicted in rows],
    )


def parsing(answers: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of each parser: scale and loss on L1 and on adversarial networks, architecture on networks of a known one."""
    selections = [
        ("scale", "L1 networks", ~answers["adversarial"], 1 / 2),
        ("scale", "adversarial networks", answers["adversarial"], 1 / 2),
        ("loss", "L1 networks", ~answers["adversarial"], 1 / 3),
        ("loss", "adversarial networks", answers["adversarial"], 2 / 3),
        ("architecture", "networks whose architecture is in the fleet", answers["known"], 1 / 5),
    ]
    rows = []
    for asks, of, selection, chance in selections:
        some = answers[(answers["asks"] == asks) & selection]
        if len(some):
            networks = some["model_id"].nunique()
            rows.append({"parser": asks, "of": of, "n_networks": networks, "chance": chance, **Accuracy.of(some).columns()})
    return pd.DataFrame(rows)


def figure_7(answers: pd.DataFrame) -> pd.DataFrame:
    """The share of each answer, a row per network, parser and answer, with counts, interval, and the paper's share."""
    rows = []
    for asks in tasks.PARSED_OF_PUBLISHED:
        for model_id, group in answers[answers["asks"] == asks].groupby("model_id", sort=False):
            for value in tasks.CLASSES[asks]:
                matching = group.assign(correct=group["predicted"] == value)
                e = Accuracy.of(matching).estimate()
                rows.append({"model_id": model_id, "parser": asks, "predicted": value, "right": value in right_answers(asks, str(model_id)),
                             "share": e.value, "sd": e.sd, "low": e.low, "high": e.high,
                             "count": int(matching["correct"].sum()), "n_images": len(group), "n_photographs": e.n_photographs})  # fmt: skip
    printed = paper.table("figure_7")[["model_id", "parser", "predicted_value", "fraction_mean", "fraction_sd"]]
    printed.columns = ["model_id", "parser", "predicted", "paper", "paper_sd"]
    printed["predicted"] = printed["predicted"].replace({paper.spelled(v): v for asks in tasks.PARSED_OF_PUBLISHED for v in tasks.CLASSES[asks]})
    return pd.DataFrame(rows).merge(printed, on=["model_id", "parser", "predicted"], how="left", validate="one_to_one")


def writer(runs: Sequence[Predictions]) -> pd.DataFrame:
    """The control of D36, networks saved both with rounding and with truncation: how often are network and writer recognised?"""
    answers = pd.concat([run.answers() for run in runs], ignore_index=True)
    true, predicted = (answers[side].str.partition(fleet.WAY) for side in ("model_id", "predicted"))
    rows = []
    for question, part, chance in (("network", 0, 1 / true[0].nunique()), ("writer", 2, 1 / 2)):
        accuracy = Accuracy.of(answers.assign(correct=true[part] == predicted[part]))
        rows.append({"question": question, "chance": chance, **accuracy.columns()})
    return pd.DataFrame(rows)
