"""Draws the picture of README.md, book/_static/fingerprint.svg, from a finished run: python benchmarks/picture.py runs/demo

Each swatch is a network's mean residual at the sixteen positions modulo 4 (`fingerprints.lattice`), the strongest value of each row at full
colour; beside each the pattern from other photographs, so that one sees what belongs to the network and what to chance.
"""

import sys
from pathlib import Path

import numpy as np

from srfp_lib.study import Study

ROWS = {"L1": "trained with L1", "ResNet_GAN": "adversarial, ResNet", "VGG_GAN": "adversarial, VGG"}
CELL, GAP, LEFT, TOP = 13, 10, 170, 54
TARGET = Path(__file__).parents[1] / "book" / "_static" / "fingerprint.svg"


def main() -> None:
    networks, patterns, _ = Study.open("", sys.argv[1]).pictured()
    place = {name: i for i, name in enumerate(networks["model_id"])}
    side, parts = 4 * CELL, []
    for r, (loss, label) in enumerate(ROWS.items()):
        top = TOP + r * (side + GAP + 8)
        row = np.stack([patterns[place[f"EDSR-div2k-x4-{loss}-s{seed}"]] for seed in (1, 2, 3)])  # 3 2 4 4 3
        row = row - row.mean((2, 3), keepdims=True)
        parts.append(f'<text x="0" y="{top + side / 2 + 5}">{label}</text>')
        for s in range(3):
            for half in range(2):
                left = LEFT + s * (2 * side + GAP + 24) + half * (side + 4)
                parts.append(swatch(row[s, half] / np.abs(row).max(), left, top))
    for s in range(3):
        parts.append(f'<text x="{LEFT + s * (2 * side + GAP + 24) + side + 2}" y="22" text-anchor="middle">seed {s + 1}</text>')
        parts.append(
            f'<text x="{LEFT + s * (2 * side + GAP + 24) + side + 2}" y="42" text-anchor="middle" font-size="11">two sets of photographs</text>'
        )
    width, height = LEFT + 3 * (2 * side + GAP + 24), TOP + 3 * (side + GAP + 8)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="14" fill="#808080">'
    title = "<title>Fingerprints of nine EDSR networks, which differ in loss and seed</title>"
    TARGET.write_text("\n".join([head, title, *parts, "</svg>"]) + "\n")


def swatch(pattern: np.ndarray, left: int, top: int) -> str:
    """Sixteen squares, 4 4 3 in -1..1 as colours around grey."""
    colours = np.clip(127 + 128 * pattern, 0, 255).astype(int)
    squares = [
        f'<rect x="{left + c * CELL}" y="{top + r * CELL}" width="{CELL}" height="{CELL}" fill="#{"".join(f"{v:02x}" for v in colours[r, c])}"/>'
        for r in range(4)
        for c in range(4)
    ]
    return "".join(squares)


if __name__ == "__main__":
    main()
