"""What is left of fingerprints after a delivery, and what attacks cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from . import BLUE, GREEN, GREY, ORANGE, PINK, Picture, grid, heatmap, legend, single, styled, whiskers

CLASSIFIERS = {"network": (BLUE, "o"), "spectrum": (ORANGE, "s"), "spectrum, trained with deliveries": (GREEN, "^")}
ATTACKERS = {"network": (BLUE, "o"), "another network": (PINK, "D"), "spectrum": (ORANGE, "s")}
QUESTIONS = {"custom": "180 custom networks", "published": "published networks"}


@styled()
def by_quality(table: pd.DataFrame, qualities: Sequence[str]) -> Picture:
    """Accuracy against JPEG quality, a panel for each question and a line for each classifier.

    ``table``: question, classifier, delivery, accuracy, low, high, chance; ``qualities``: deliveries from left to right.
    """
    questions = list(dict.fromkeys(table["question"]))
    figure, (places,) = grid(1, len(questions), size=(4.6 * len(questions), 4))
    said = []
    for axes, question in zip(places, questions, strict=True):
        part = table[table["question"] == question]
        for number, (name, (colour, marker)) in enumerate(CLASSIFIERS.items()):
            line = part[part["classifier"] == name].set_index("delivery").reindex(qualities)
            if line["accuracy"].isna().all():
                continue
            x = [i + 0.08 * (number - 1) for i in range(len(qualities))]  # side by side, so that no interval hides another
            axes.errorbar(x, 100 * line["accuracy"], yerr=whiskers(line), color=colour, marker=marker, capsize=3, label=name)
            values = ", ".join(f"{100 * value:.0f} ({delivery})" for delivery, value in line["accuracy"].items())
            said.append(f"{QUESTIONS[question]}, {name}: {values}")
        axes.axhline(100 * part["chance"].iloc[0], color=GREY, linestyle=":", label="chance")
        axes.set_xticks(range(len(qualities)), [q.replace("png", "lossless").replace("jpeg-", "") for q in qualities])
        axes.set(xlabel="JPEG quality", title=QUESTIONS[question], ylim=(0, 105))
    places[0].set_ylabel("accuracy, %")
    legend(figure, places[0], columns=2)
    return figure, "Accuracy in percent by JPEG quality. " + "; ".join(said) + "."


@styled()
def matrix(table: pd.DataFrame) -> Picture:
    """Accuracy after every delivery (rows) by question and classifier (columns)."""
    column = table["question"].map(QUESTIONS) + ":\n" + table["classifier"].str.replace(", ", ",\n")
    values = 100 * table.assign(column=column).pivot(index="delivery", columns="column", values="accuracy")
    values = values.loc[list(dict.fromkeys(table["delivery"])), list(dict.fromkeys(column))]
    figure, axes = single(size=(8, 0.28 * len(values) + 1.6))
    heatmap(axes, values.to_numpy(), list(values.index), list(values.columns), cmap="cividis", vmin=0, vmax=100, annot=True, fmt=".0f")
    axes.tick_params("x", labelsize=8)
    axes.set(xlabel="", ylabel="")
    rows = (
        f"{delivery} {', '.join('none' if pd.isna(v) else f'{v:.0f}' for v in row)}"
        for delivery, row in zip(values.index, values.to_numpy(), strict=True)
    )
    return figure, f"Accuracy in percent after each delivery ({'; '.join(values.columns).replace(chr(10), ' ')}): " + "; ".join(rows) + "."


@styled()
def attacks(table: pd.DataFrame) -> Picture:
    """How often gradient attacks succeed, by least PSNR: panels for the goal and the classifier that judges, lines by whose gradient is followed.

    ``table``: goal, judge, attack, decibels, accuracy (the share of successes), low, high. Rows of the attack "nothing" are dotted lines.
    """
    judges = [name for name in ("network", "spectrum") if name in set(table["judge"])]
    figure, rows = grid(2, len(judges), size=(4.6 * len(judges), 6))
    said = []
    for goal, places in zip(("hide", "forge"), rows, strict=True):
        for judge, axes in zip(judges, places, strict=True):
            part = table[(table["goal"] == goal) & (table["judge"] == judge)]
            for number, (name, (colour, marker)) in enumerate(ATTACKERS.items()):
                line = part[part["attack"] == name].sort_values("decibels")
                if len(line):
                    x = line["decibels"] + 0.4 * (number - 1)
                    axes.errorbar(
                        x, 100 * line["accuracy"], yerr=whiskers(line), color=colour, marker=marker, capsize=3, label=f"gradient of: {name}"
                    )
                    values = ", ".join(f"{100 * a:.0f} at {d:.0f} dB" for a, d in zip(line["accuracy"], line["decibels"], strict=True))
                    said.append(f"{goal} from {judge}, gradient of {name}: {values}")
            axes.axhline(100 * part.loc[part["attack"] == "nothing", "accuracy"].mean(), color=GREY, linestyle=":", label="no attack")
            axes.set(title=f"{goal}, {judge} judges", ylim=(-3, 105), xlabel="least PSNR, dB" if goal == "forge" else "")
        places[0].set_ylabel("successes, %")
    legend(figure, rows[0][0], columns=4, fontsize=8)
    return figure, "Successful attacks in percent by least PSNR. " + "; ".join(said) + "."
