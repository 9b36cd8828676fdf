"""Do published networks give themselves away by the border of a small tile?

In small profiles they super-resolve tiles. With `published.margin` they see some of the photograph around a tile too, so that most of
what is left of the border is cut off. This script compares the accuracy among the published networks in finished runs that differ in
the margin alone, the first one being the one to compare with; profile files of three lines make the others, as in

    profile = "demo"
    name = "demo"
    published = { margin = 48 }

    python -m srfp_lib run --profile margin48.toml --workspace runs/margin48 --chapters 09
    python benchmarks/margins.py runs/demo runs/margin16 runs/margin48

It writes benchmarks/margins.csv. 30 more CPU seconds a run than at margin 0 for 16 pixels, 160 for 48.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from srfp_lib.experiments import attribution
from srfp_lib.experiments.uncertainty import Accuracy
from srfp_lib.study import Study


def accuracies(workspace: str) -> tuple[Study, dict[str, Accuracy]]:
    """The accuracy among the published networks by start of the classifier, all runs."""
    study = Study.open("", workspace, there=True)
    tasks = {"warm": "published", "cold": "published-cold"}
    return study, {start: Accuracy.of(attribution.scored(study.predictions(task))) for start, task in tasks.items()}


def main(workspaces: list[str]) -> None:
    """Compare the runs."""
    rows, plain = [], accuracies(workspaces[0])[1]
    for workspace in workspaces:
        study, found = accuracies(workspace)
        for start, accuracy in found.items():
            change = (accuracy - plain[start]).estimate()
            about = {"profile": study.profile.name, "margin": study.profile.published.margin, "start": start}
            rows.append({**about, **accuracy.columns(), "change": change.value, "change_low": change.low, "change_high": change.high})
    table = pd.DataFrame(rows).drop(columns="each")
    print(table.to_string())
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4f")


if __name__ == "__main__":
    main(sys.argv[1:])
