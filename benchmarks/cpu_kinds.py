"""What other vector instructions of a processor change: the same run, made under limits of torch, oneDNN, MKL and NumPy.

    python -m srfp_lib run --profile smoke --workspace A
    ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL" \
        python -m srfp_lib run --profile smoke --workspace B
    python benchmarks/cpu_kinds.py A AVX2=B [NAME=WORKSPACE ...]

Writes benchmarks/cpu_kinds.csv, a row for each workspace and each kind of output that both have: how many files there are, how many are the
same byte for byte; the largest difference of a number in a table, of a weight as a part of the largest of its tensor, of a grey level in an
image, of an accuracy in points; the share of grey levels or answers that differ; and the CPU seconds of these jobs by those of the first.
Of a workspace that is not finished, what there is.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.images.arrays import read_array

HERE = Path(__file__).parent


def tables(a: Path, b: Path) -> dict[str, float]:
    """The largest difference of two tables' numbers."""
    one, other = pd.read_csv(a), pd.read_csv(b)
    numbers = [c for c in one.select_dtypes("number") if c in other and len(one) == len(other) and pd.api.types.is_numeric_dtype(other[c])]
    differences = [float(np.abs(one[c] - other[c]).fillna(0).max()) for c in numbers]
    return {"largest": max(differences, default=0.0)}


def weights(a: Path, b: Path) -> dict[str, float]:
    one, other = load_file(a), load_file(b)
    return {"largest": max(float(np.abs(one[k] - other[k]).max() / max(np.abs(one[k]).max(), 1e-12)) for k in one if one[k].size)}


def images(a: Path, b: Path) -> dict[str, float]:
    one, other = (read_array(path).astype(np.int16) for path in (a, b))
    differs = np.abs(one - other)
    return {"largest": float(differs.max()), "share": float((differs > 0).mean())}


def answers(a: Path, b: Path) -> dict[str, float]:
    one, other = Predictions.load(a.parent), Predictions.load(b.parent)
    right = [np.mean(p.predicted == p.index["model_id"].to_numpy(object)) for p in (one, other)]
    return {"largest": 100 * abs(right[0] - right[1]), "share": float(np.mean(one.predicted != other.predicted))}


def profile_of(workspace: Path) -> str:
    return json.loads((workspace / "profile.json").read_text())["profile"]["name"]


KINDS = {
    "tables": ("tables/*.csv", tables), "weights of networks": ("networks/*/weights.safetensors", weights), "images": ("decoded/*.npy", images),
    "answers of classifiers": ("predictions/*/*/scores.npy", answers),
}  # fmt: skip
NOT_OURS = ("predictions/prnu", "predictions/fingerprint", "predictions/parse", "predictions/attribution-colour")  # no network, or other classes


MADE_BY = {
    "weights of networks": ("train/",), "images": ("images/",), "answers of classifiers": ("attribution/", "backbones/", "parsers", "seen/"),
}  # fmt: skip


def times(native: Path, other: Path, kind: str) -> float:
    """CPU seconds of the jobs that make such outputs in both workspaces, by those of the first."""
    found = []
    for root in (native, other):
        receipts = [r for path in root.glob("receipts/**/[!.]*.json") if "cpu_seconds" in (r := json.loads(path.read_text()))]
        found.append({r["job"]: (r["cpu_seconds"], r["finished"]) for r in receipts if r["job"].startswith(MADE_BY.get(kind, ()))})
    both = [job for job in found[0] if job in found[1] and found[0][job][1] != found[1][job][1]]
    return round(sum(found[1][job][0] for job in both) / sum(found[0][job][0] for job in both), 2) if both else np.nan


def rows(native: Path, name: str, other: Path) -> Iterator[dict[str, object]]:
    """A row for each kind."""
    for kind, (pattern, compare) in KINDS.items():
        files = [p.relative_to(native).as_posix() for p in sorted(native.glob(pattern))]
        files = [f for f in files if (other / f).exists() and not f.startswith(NOT_OURS) and not (native / f).samefile(other / f)]
        if not files:
            continue
        differ = [f for f in files if (native / f).read_bytes() != (other / f).read_bytes()]
        found = pd.DataFrame([compare(native / f, other / f) for f in differ])
        line = {"run": profile_of(native), "limit": name, "kind": kind, "files": len(files), "same": len(files) - len(differ)}
        yield line | {c: float(f"{found[c].max():.3g}") for c in found} | {"cpu_times": times(native, other, kind)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("native", type=Path, help="a workspace made without a limit")
    parser.add_argument(
        "others", nargs="+", metavar="NAME=WORKSPACE", help="the same made under a limit; files that are links to the first are left out"
    )
    parser.add_argument("--more", action="store_true", help="add to the table that is there")
    given = parser.parse_args()
    found = [row for text in given.others for row in rows(given.native, text.partition("=")[0], Path(text.partition("=")[2]))]
    table, file = pd.DataFrame(found), HERE / "cpu_kinds.csv"
    table = pd.concat([pd.read_csv(file), table]) if given.more else table
    table.to_csv(file, index=False)
    print(table.to_string())
