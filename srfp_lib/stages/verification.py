"""The work of the job that asks of pairs of images whether one network made both."""

from __future__ import annotations

from ..common.errors import UserError
from ..forensics import verifying
from ..forensics.described import Described
from ..workflow.desk import Desk

LEAST = 6  # photographs: two of them to learn from, to calibrate with and to test on


def verify(desk: Desk, output: str) -> None:
    """Writes pairs.parquet and calibrations.csv into a folder: what `srfp_lib.forensics.verifying.verify` returns. Raises UserError."""
    described = Described.load(desk.read("spectra"))
    count = described.images["photograph"].nunique()
    if count < LEAST:
        raise UserError(f"pairs of images need {LEAST} photographs, and this run describes {count}: give it more, or take 'verification' "
                        "out of forensics.parts")  # fmt: skip
    pairs, calibrations = verifying.verify(described, master_seed=desk.profile.master_seed)
    folder = desk.write(output)
    folder.mkdir()
    pairs.to_parquet(folder / "pairs.parquet", index=False)
    calibrations.to_csv(folder / "calibrations.csv", index=False)
