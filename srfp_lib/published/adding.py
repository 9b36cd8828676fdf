"""A network that a user adds: its file recognised, proved on the known tile, copied beside the other weights, and listed in `added.csv`."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from ..common.errors import UserError
from ..common.files import sha256, write_whole
from ..fleet import SCALES, Network, parse
from .catalogue import ADDED, Row, added, rows, written
from .engines import Engine, Ncnn, Spandrel
from .packages import pair
from .proof import Proof, Upscale, detected
from .weights_folder import WeightsFolder

FOLDER = "added"  # the family of all added networks: where their files lie in a folder of weights
NON_COMMERCIAL = re.compile(
    r"(?<![a-z])NC(?![a-z])|non[\s_-]?commercial|\bnot? (for )?commercial|(research|academic|personal|educational)\b.*\b(only|purposes)",
    re.IGNORECASE,
)
SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors", ".param", ".bin")


@dataclass(frozen=True)
class Wish:
    """What the user says of a file; what is empty or 0 is found out."""

    name: str = ""
    loss: str = ""
    scale: int = 0
    licence: str = ""


def add(file: Path, wish: Wish, folder: Path) -> tuple[Row, Proof]:
    """Add the network in a file, or in the ncnn pair that it belongs to. Raises UserError, and adds nothing, if it is none."""
    paths = pair(file)
    for path in paths:
        if path.suffix not in SUFFIXES:
            raise UserError(f"'{path}' is no weight file: give one of {', '.join(SUFFIXES)}")
        if not path.is_file():
            raise UserError(f"there is no file '{path}': {'an ncnn network needs .param and .bin' if len(paths) == 2 else 'correct the path'}")
    weights = WeightsFolder(folder)
    present = [row for row in added(folder) if weights.state(row) == "verified"]  # others are lost, and may be added again
    if known := next((row for row in (*rows(), *present) if row.sha256 and sha256(paths[-1]).startswith(row.sha256)), None):
        raise UserError(f"'{file}' holds {known.model_id}, which the catalogue has already")
    row, proof = _in_a_process_of_its_own(file, paths, _unknown(paths, wish.scale))
    network = _named(file, wish, row, proof)
    row = replace(row, model_id=network.model_id, licence_weights=wish.licence or "not stated", weight_file=f"{network.model_id}{paths[0].suffix}")
    if NON_COMMERCIAL.search(wish.licence):
        row = replace(row, off_because="its licence forbids commercial use")
    if any(network.model_id == other.model_id for other in (*rows(), *present)):
        raise UserError(f"the catalogue has a network {network.model_id} already: choose another --name")
    for path, target in zip(paths, pair(row.path(folder)), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (target.exists() and path.samefile(target)):
            shutil.copyfile(path, target)
    write_whole(folder / ADDED, written([*present, row]).encode())
    return row, proof


def _unknown(paths: tuple[Path, ...], scale: int) -> Row:
    """The row of a network of which nothing is known yet."""
    return Row(
        model_id="", family=FOLDER, module="ncnn" if len(paths) == 2 else "spandrel", variant="", default=True, scale=scale,
        repository="", licence_code="not stated", licence_weights="not stated", weight_file="", address="", address_kind="added by hand",
        download="", size_bytes=paths[-1].stat().st_size, tensor_bytes=0, sha256=sha256(paths[-1]), value_range="0..1", quantise="round",
        official_tiling="not known", parameters=0, package="", package_file="", channels="RGB", padding=0, off_because="", citation="",
        psnr=float("nan"),
    )  # fmt: skip


def _in_a_process_of_its_own(file: Path, paths: tuple[Path, ...], row: Row) -> tuple[Row, Proof]:
    """Recognise and prove a network where a crash of somebody else's reader ends nothing else."""
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_silenced) as pool:
            return pool.submit(_recognise, paths, row).result()
    except BrokenProcessPool:
        raise UserError(f"'{file}' makes its reader crash: it is damaged, or no network") from None
    except UserError as error:
        raise UserError(f"'{file}' cannot be added: {error}") from None


def _silenced() -> None:
    """ncnn reports damaged files in its own words; the sentence of `add` is enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _recognise(paths: tuple[Path, ...], row: Row) -> tuple[Row, Proof]:
    engine: Engine = Ncnn(row, *paths) if len(paths) == 2 else Spandrel(row, paths[0])
    if isinstance(engine, Spandrel):
        if engine.scale not in SCALES:
            raise UserError(f"it is a network for {engine.scale}X, and the study has 2X and 4X alone")
        if row.scale not in (0, engine.scale):
            raise UserError(f"it is a network for {engine.scale}X and not for {row.scale}X: correct --scale, or leave it out")
        row = replace(row, scale=engine.scale, parameters=engine.parameters)

    def build(trial: Row) -> Upscale:
        engine.row = trial
        return engine.upscale

    return detected(row, build)


def _named(file: Path, wish: Wish, row: Row, proof: Proof) -> Network:
    """The network's name, with the loss that its PSNR suggests if the user does not say it."""
    name = re.sub(r"\W+", "_", wish.name or file.stem).strip("_") or "network"
    loss = wish.loss or ("L1" if proof.pixel_loss else "GAN")
    return parse(f"{name}-NA-x{row.scale}-{loss}-NA-pretrained")
