"""Why can a linear model of spectra parse the scale of networks with a loss it never saw, and does it work on real networks?

    python benchmarks/scale_spectrum.py W SCRATCH REAL

W and SCRATCH as for `architecture.py`, whose networks of seeds 1 to 4 are the fleet here. REAL is a folder of images of real networks, a
folder for each, named as published networks are, with the true images in REAL/HR and what the networks were given in REAL/LR_x2 and LR_x4,
whose margins are not in the images. Networks of installed packages (weights.txt) that are not among them are run on the same images.
Photographs that the models are trained on are left out of the tests. `scale_spectrum.csv`: the accuracy of models that see all of the
spectrum or parts, by scale, because a constant answer has 1 and 0. `scale_spectrum_profiles.csv`: log power by frequency, less that of the
true images. About 2 CPU minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from architecture import Lab, Nets, networks
from classifier_settings import WINDOW, spectrum
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from srfp_lib import fleet
from srfp_lib.images import superresolve
from srfp_lib.images.arrays import read_png
from srfp_lib.images.store import Images
from srfp_lib.published.catalogue import rows as published_rows
from srfp_lib.published.weights_folder import WeightsFolder
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

HERE, SIDE, KEPT = Path(__file__).parent, 88, 128
ROWS, COLUMNS = np.meshgrid(np.abs(np.fft.fftfreq(WINDOW)), np.fft.rfftfreq(WINDOW), indexing="ij")  # cycles per pixel
RADIUS = np.round(np.hypot(ROWS, COLUMNS) * WINDOW).astype(int)  # in steps of 1/32
QUARTER = WINDOW // 4
ON_LATTICE = sum(np.minimum(np.round(f * WINDOW) % QUARTER, -np.round(f * WINDOW) % QUARTER) <= 1 for f in (ROWS, COLUMNS)) == 2
Sets = dict[str, np.ndarray]  # spectra, images x 3264, by model_id


def rings(maps: np.ndarray) -> np.ndarray:
    """Means over rings of frequencies."""
    return np.stack([maps[..., r == RADIUS].mean(-1) for r in range(WINDOW // 2 + 1)], -1)


PARTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole": lambda maps: maps,
    "period 2 and 4": lambda maps: maps[..., ON_LATTICE],  # the frequencies of patterns of these periods, with their neighbours
    "the rest": lambda maps: maps[..., ~ON_LATTICE],
    "rings": rings,
    "three octaves": lambda maps: np.stack([maps[..., (RADIUS > top // 2) & (RADIUS <= top)].mean(-1) for top in (4, 8, 16)], -1),
}


def seen(sets: Sets, part: str) -> Sets:
    """A part of the spectra."""
    return {name: PARTS[part](x.reshape(len(x), -1, WINDOW, WINDOW // 2 + 1)).reshape(len(x), -1) for name, x in sets.items()}


def scale_of(name: str) -> int:
    return int(name.split("-x")[1][0])


def fit(sets: Sets) -> Any:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=200))
    return model.fit(np.concatenate(list(sets.values())), [scale_of(name) for name, x in sets.items() for _ in x])


def tested(model: Any, sets: Sets) -> dict[str, Any]:
    """The accuracy on the networks of each scale, and how many there are."""
    right = {name: float((model.predict(x) == scale_of(name)).mean()) for name, x in sets.items()}
    by_scale = {s: [share for name, share in right.items() if scale_of(name) == s] for s in fleet.SCALES}
    return {f"accuracy_{s}x": np.mean(v) if v else np.nan for s, v in by_scale.items()} | {f"networks_{s}x": len(v) for s, v in by_scale.items()}


def some(sets: Sets, *, adversarial: bool) -> Sets:
    return {name: x for name, x in sets.items() if (name.split("-")[3] != "L1") == adversarial}


def of_fleet(lab: Lab, nets: Nets, numbers: Sequence[int]) -> Sets:
    return {n.model_id: lab.spectra((n,), numbers) for n in nets}


def bicubic(hr: np.ndarray) -> Sets:
    """Reduced and enlarged by the bicubic kernel, without any network."""
    made = {s: superresolve.to_float(superresolve.bicubic_of(hr, s))[..., :SIDE, :SIDE] for s in fleet.SCALES}
    return {f"bicubic-NA-x{s}-L1-NA": spectrum(images) for s, images in made.items()}


def kin(name: str) -> str:
    """What relatives of one design share: SPAN of SPAN_48 and SPAN_52."""
    return name.split("-")[0].split("_")[0]


def packaged(folder: Path, given: Path, known: Sequence[str], names: Sequence[str]) -> list[str]:
    """The installed packages' networks whose architecture is not known at their scale; makes 128 pixels of each image about its centre."""
    folder.mkdir(parents=True, exist_ok=True)
    there = {(name.split("-")[0], scale_of(name)) for name in known}
    some = [r for r in published_rows() if r.package and not r.off_because and (r.model_id.split("-")[0], r.scale) not in there]
    for row in some:
        path = folder / f"{row.model_id}.npy"
        if path.exists():
            continue
        network, _ = WeightsFolder(folder).open(row)
        whole = np.stack([network.upscale(read_png(given / f"LR_x{row.scale}" / f"{name}.png")) for name in names])
        edge = (whole.shape[1] - KEPT) // 2
        np.save(path, np.rint(np.clip(whole[:, edge:-edge, edge:-edge], 0, 1) * 255).astype(np.uint8))
    return [row.model_id for row in some]


def real(folder: Path, leave: set[str], scratch: Path) -> tuple[Sets, Sets, list[str]]:
    """Spectra of the real networks' images and of the true ones ("HR"), those of bicubic ones, and the photographs, without some."""
    names = [path.stem for path in sorted((folder / "HR").glob("*.png")) if path.stem not in leave]
    images, folders = Images(folder, scratch, names), sorted(p.name for p in folder.iterdir() if "-x" in p.name)
    folders = sorted(folders + packaged(scratch, folder, folders, names))
    found = {f: spectrum(images.test_crops([(f, i) for i in range(len(names))], SIDE, seed=1)) for f in (*folders, "HR")}
    return found, bicubic(np.stack([images.image(("HR", i)) for i in range(len(names))])), names


def profiles(sets: dict[str, Sets], true: dict[str, np.ndarray]) -> pd.DataFrame:
    """Mean log power by frequency (cycles per pixel), less that of the true images, by origin, scale and kind of loss."""
    rows = []
    for origin, found in sets.items():
        for name, x in found.items():
            mean = seen({"": (x - true[origin]).mean(0, keepdims=True)}, "rings")[""].reshape(6, -1)[3:].mean(0)
            kind = name.split("-")[0] if name.startswith("bicubic") else ("L1" if name.split("-")[3] == "L1" else "adversarial")
            rows += [{"origin": origin, "scale": scale_of(name), "kind": kind, "frequency": r / WINDOW, "log_power": v} for r, v in enumerate(mean)]
    return pd.DataFrame(rows).groupby(["origin", "scale", "kind", "frequency"], as_index=False)["log_power"].agg(["mean", "min", "max", "count"])


def main(workspace: str, folder: str, real_folder: str) -> None:
    """Both tables."""
    torch.set_num_threads(1)
    threadpool_limits(1)
    lab = Lab(Desk(Workspace.existing(Path(workspace)), Path(workspace)), Path(folder))
    lab.make((1, 2, 3, 4))
    hr = np.concatenate(list(lab.gallery.batches(fleet.HR, lab.numbers)))
    leave = {str(lab.table["photograph"].iloc[i]) for i in lab.train}
    nets = networks((1, 2, 3, 4))
    train, test = (of_fleet(lab, nets, numbers) for numbers in (lab.train[::2], lab.test))
    found, reduced, names = real(Path(real_folder), leave, Path(folder) / "packages")
    true = found.pop("HR")
    sets = {f"fleet, {kind}": some(test, adversarial=kind == "adversarial") for kind in ("L1", "adversarial")}
    sets |= {"bicubic, no network": bicubic(hr[list(lab.test)]), "bicubic, photographs of the real sets": reduced}
    sets |= {f"real, {kind}": some(found, adversarial=kind == "adversarial") for kind in ("L1", "adversarial")}
    half = len(names) // 2
    rows: list[dict[str, Any]] = []
    for part in PARTS:
        shown, fleet_train = {name: seen(s, part) for name, s in sets.items()}, seen(train, part)
        for trained in ("adversarial", "L1"):
            model = fit(some(fleet_train, adversarial=trained == "adversarial"))
            rows += [{"trained": f"fleet, {trained}", "part": part, "tested": name, **tested(model, s)} for name, s in shown.items()]
        mine = shown["real, L1"]
        answers = {name: fit({other: y[:half] for other, y in mine.items() if kin(other) != kin(name)}) for name in mine}
        each = pd.DataFrame([tested(answers[name], {name: x[half:]}) for name, x in mine.items()])
        means = each[["accuracy_2x", "accuracy_4x"]].mean().to_dict() | each[["networks_2x", "networks_4x"]].sum().to_dict()
        rows.append({"trained": "real, L1, other architectures", "part": part, "tested": "real, L1", **means})
        whole = fit({name: y[:half] for name, y in mine.items()})
        after = {name: x[half:] for name, x in shown["real, adversarial"].items()}
        rows += [{"trained": "real, L1", "part": part, "tested": name, **tested(whole, s)}
                 for name, s in (shown | {"real, adversarial": after}).items() if name != "real, L1"]  # fmt: skip
        print(pd.DataFrame(rows).tail(17).to_string(), flush=True)
    kept = pd.DataFrame(rows).assign(photographs_real=len(names), photographs_fleet=len(lab.test))
    kept.to_csv(HERE / "scale_spectrum.csv", index=False, float_format="%.4f")
    own = spectrum(superresolve.to_float(hr[list(lab.test)])[..., :SIDE, :SIDE])
    kept = profiles({"fleet": test | sets["bicubic, no network"], "real": found | reduced}, {"fleet": own, "real": true})
    kept.to_csv(HERE / "scale_spectrum_profiles.csv", index=False, float_format="%.4f")


if __name__ == "__main__":
    main(*sys.argv[1:])
