"""The figures about results: withheld values, the map, the lottery of photographs, claims, deliveries, and the sentences of the opening page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit  # pyrefly: ignore[untyped-import]  # scipy has no stubs

from .. import fleet, tasks
from ..common.frames import read_table
from ..experiments import attribution
from ..experiments.uncertainty import UNSEEN, Accuracy
from ..pages import reference, tables

LEAD = "guessing would be right in {chance} %"
OPENING = (
    ("C05", "Shown one image, a classifier names the right one of 180 networks: {0}; " + LEAD + ".", 1 / 180),
    ("C16", "Two networks that differ in nothing but the random numbers of their training can be told apart. Among three such networks it is right: "
            "{0}; " + LEAD + ".", 1 / 3),
    ("C07", "The more freedom the training leaves to invent, the clearer the fingerprint. Networks trained with an adversarial loss are recognised "
            "more often than those trained with the L1 loss: {0}.", None),
)  # fmt: skip

DELIVERIES = {
    "no delivery": {"png": "no delivery"},
    "JPEG": {f"jpeg-{quality}": f"JPEG {quality}" for quality in (100, 98, 95, 90, 80, 50)},
    "other compression": {"jpeg420-95": "JPEG 95, a quarter of the colour", "jpeg-90+crop-90": "JPEG 90, then cut to 90 %", "webp-95": "WebP 95",
                          "messenger": "a messenger's copy"},
    "smaller": {"size-98": "size 98 %", "reupscaled-90": "size 90 % and back", "size-90": "size 90 %", "size-50": "size 50 %"},
    "larger": {"size-102": "size 102 %", "size-200": "size 200 %"},
    "blur": {"blur-0.5": "blur of half a pixel", "blur-1": "blur of one pixel"},
    "noise": {"noise-1": "noise of one grey level", "noise-4": "noise of four grey levels"},
    "cut": {"shift-1": "a row and a column cut off", "crop-50": "half the height and width"},
    "colour": {"grey": "no mean colour", "bits-6": "64 grey levels"},
}  # fmt: skip  # of chapter 22 by kind, the weaker ones first


def withheld(study: Any) -> dict[str, Any]:
    """Table 4: which networks train and test each parser ("1" and "2", "0" is left out), and its accuracy."""
    (file,) = study.outputs("tables/table_4.csv")
    rows = {(row["predicted"], row["withheld"]): row for row in read_table(file).to_dict("records")}
    cells = {}
    for task in tasks.parsers():
        _, asks, _, column = task.name.split("-")
        row, train, test = rows[asks, column], set(task.train), set(task.test)
        roles = "".join("1" if n in train else "2" if n in test else "0" for n in fleet.custom())
        cells[f"{asks} {column}"] = {"roles": roles, **{name: _number(row[name]) for name in ("accuracy", "low", "high", "chance", "paper")}}
    values = {name: study.spelled(name) for name in (*fleet.LOSSES, *fleet.DATASETS)}
    return {"networks": [n.model_id for n in fleet.custom()], "cells": cells, "spelled": values, "asks": list(tasks.HYPERPARAMETERS),
            "columns": {name: "seed 3" if name == "s3" else study.spelled(value) for name, (_, value, _) in tasks.COLUMNS.items()}}  # fmt: skip


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 4)


def feature_map(study: Any) -> dict[str, Any]:
    """Run 1's networks by their mean features on the test images, on the two principal axes; how often each is named, and what it is taken for."""
    run = study.predictions("attribution")[0]
    networks, answers = list(run.classes), run.answers()
    members = [np.flatnonzero(answers["model_id"] == name) for name in networks]
    means = np.stack([run.features_of(rows).mean(0, dtype=float) for rows in members])
    left, sizes, axes = np.linalg.svd(means - means.mean(0), full_matrices=False)
    places = left[:, :2] * sizes[:2] * np.sign(axes[:2][[0, 1], np.abs(axes[:2]).argmax(1)])  # an axis has no sign of its own
    predicted = [answers["predicted"].to_numpy()[rows] for rows in members]
    wrong = [pd.Series(given[given != name]).value_counts() for given, name in zip(predicted, networks, strict=True)]
    return {"networks": networks, "places": places.round(3).tolist(), "share": _number((sizes[:2] ** 2).sum() / (sizes**2).sum()),
            "accuracy": [_number((given == name).mean()) for given, name in zip(predicted, networks, strict=True)],
            "taken": [min(count.index[count == count.max()]) if len(count) else "" for count in wrong],
            "spelled": {name: study.spelled(name) for name in (*fleet.LOSSES, *fleet.DATASETS)}}  # fmt: skip


def lottery(study: Any) -> dict[str, Any]:
    """The accuracy on every test photograph, and what an interval takes: quantiles of t and the photograph counted in addition."""
    answers = attribution.scored(study.predictions("attribution"))
    groups = {"all networks": answers, "L1 networks": answers[~answers["adversarial"]], "adversarial networks": answers[answers["adversarial"]]}
    rates = {name: Accuracy.of(group).table.mean(axis=0).round(4) for name, group in groups.items()}
    quantiles = [round(float(stdtrit(freedom, 0.975)), 4) for freedom in range(1, 41)]
    return {"photographs": list(rates["all networks"].index), "rates": {name: rate.tolist() for name, rate in rates.items()},
            "quantiles": quantiles, "unseen": UNSEEN}  # fmt: skip


def claims(study: Any) -> dict[str, Any]:
    """The paper's claims as the last page of findings lists them, with the reference run's verdict where it measured the same."""
    (file,) = study.outputs("tables/claims.csv")
    kept = reference.table("claims")
    other = {} if kept is None else {row["id"]: row for row in kept.to_dict("records")}
    found = []
    for row in read_table(file).to_dict("records"):
        lab = other.get(row["id"], {})
        lab = lab if lab.get("quantity") == row["quantity"] else {}
        found.append({name: str(row[name]) for name in ("id", "section", "claim", "quantity", "verdict")} | {
            "paper": _said(row, "paper"), "ours": _said(row, "ours"), "interval": _interval(row), "reason": _text(row.get("reason")),
            "lab": _said(lab | {"unit": row["unit"]}, "ours"), "lab_verdict": _text(lab.get("verdict"))})  # fmt: skip
    return {"claims": found, "profile": study.profile.name}


def damage(study: Any) -> dict[str, Any]:
    """Chapter 22's accuracies of the custom networks after each delivery, with their intervals, by classifier and group of networks."""
    (file,) = study.outputs("tables/survival_accuracy.csv")
    table = read_table(file).query("question == 'custom'")
    rows: dict[str, dict[str, dict[str, list[float | None]]]] = {}
    for row in table.to_dict("records"):
        of = rows.setdefault(row["delivery"], {}).setdefault(row["classifier"], {})
        of[row["group"]] = [_number(row[name]) for name in ("accuracy", "low", "high")]
    whole = table[table["group"] == "all"].iloc[0]
    return {"rows": rows, "kinds": DELIVERIES, "classifiers": sorted(table["classifier"].unique()), "chance": _number(whole["chance"]),
            "photographs": int(whole["n_photographs"]), "profile": study.profile.name if study.makes("survival") else "lab",
            "kept": not study.makes("survival")}  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _said(row: dict[Any, Any], name: str) -> str:
    value = row.get(name, np.nan)
    return "" if pd.isna(value) else tables.in_unit(float(value), row["unit"])


def _interval(row: dict[Any, Any]) -> str:
    return "" if pd.isna(row["low"]) else " to ".join(tables.in_unit(float(row[end]), row["unit"], bare=True) for end in ("low", "high"))


def opening(study: Any) -> str:
    """Three sentences with the numbers of the paper, the reference run and this run, as Markdown."""
    rows = {claim["id"]: claim for claim in claims(study)["claims"]}
    lines = []
    for name, sentence, chance in OPENING:
        row = rows[name]
        parts = [f"**{row['paper']}** in the paper"] if row["paper"] else []
        parts += [f"**{row['lab']}** in a larger run of ours (profile `lab`)"] if row["lab"] else []
        here = f"; 95 % interval {row['interval']}" if row["interval"] else ""
        parts += [f"**{row['ours']}** in the run behind this book (profile `{study.profile.name}`{here})"] if row["ours"] else []
        numbers = ", ".join(parts[:-1]) + (" and " if parts[:-1] else "") + "".join(parts[-1:])
        lines.append("- " + sentence.format(numbers or "not measured here", chance="" if chance is None else tables.percent(chance)))
    if study.profile.name == "smoke":
        lines.append("\n**A smoke run shows that everything works; its numbers mean nothing.**")
    return "\n".join(lines) + "\n"
