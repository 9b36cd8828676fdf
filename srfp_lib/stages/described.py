"""The work of the job that describes every image by its log power spectrum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from .. import fleet
from ..fleet import HR
from ..forensics.described import PLAIN, Described
from ..images import gallery, superresolve
from ..images.gallery import Gallery
from ..images.spectrum import BATCH, SPECTRUM, log_power
from ..images.store import Pick, evenly
from ..published import sources
from ..workflow.desk import Desk


def describe(desk: Desk, output: str) -> None:
    """One crop of every image of every network, of the true images and of those enlarged without a network: near the centre, at an
    offset that is drawn by the image. Published networks whose images come from a folder show other photographs and are left out.
    """
    settings, images = desk.profile, gallery.custom(desk, kind=WithPlain)
    numbers = evenly(range(len(images.names)), settings.forensics.images)
    published = () if sources.is_folder(settings.published) else sources.networks(settings.published)
    networks = (HR, *PLAIN, *(n.model_id for n in (*fleet.custom(), *published)))
    side = images.whole(HR) if images.tiles else settings.fingerprints.crop
    spectra = np.empty((len(networks), len(numbers), SPECTRUM), np.float16)
    for row, name in zip(spectra, networks, strict=True):
        row[:] = spectra_of(images, [(name, i) for i in numbers], side, settings.master_seed)
    parts = {i: part for part in ("train", "validation", "test") for i in images.numbers(part, run=1)}
    table = images.table.loc[list(numbers), ["image", "photograph"]].assign(part=[parts[i] for i in numbers])
    Described(networks, table, spectra).save(desk.write(output))


def spectra_of(images: Gallery, picks: Sequence[Pick], side: int, seed: int) -> Float32[np.ndarray, "n d"]:
    """The log power spectrum of a test crop of each image."""
    several = (list(picks[start : start + BATCH]) for start in range(0, len(picks), BATCH))
    return np.concatenate([log_power(images.test_crops(some, side, seed=seed)).numpy() for some in several])


class WithPlain(Gallery):
    """The images of a workspace, and under the names in `PLAIN` the LR images enlarged without a network, made when they are asked for."""

    def kept(self, model_id: str) -> Sequence[UInt8[np.ndarray, "_ _ 3"]] | None:
        """Those of the true images for plain ones."""
        return super().kept(HR if model_id in PLAIN else model_id)

    def size(self, pick: Pick) -> tuple[int, int]:
        """Height and width of an image."""
        return super().size((HR if pick[0] in PLAIN else pick[0], pick[1]))

    def image(self, pick: Pick) -> UInt8[np.ndarray, "h w 3"]:
        """A whole image."""
        if pick[0] not in PLAIN:
            return super().image(pick)
        enlarge = superresolve.bicubic_of if pick[0].startswith("bicubic") else superresolve.lanczos_of
        return enlarge(np.array(super().image((HR, pick[1])))[None], int(pick[0][-1]))[0]  # a copy, as torch wants it
