"""How images are kept: folders of PNG files, one file of decoded pixels a network, tar shards of PNG files, Zarr.

    python benchmarks/storage.py IMAGES [--count 40]

IMAGES is a folder of photographs, of which the first are reduced and cut to 512 x 512 pixels. Writes benchmarks/storage.csv: bytes and
files, and CPU and wall milliseconds an image to write it (flushed to the disk), to read all in order, and to read a crop of 224 pixels of
each in random order; the page cache holds what was just written. Without the packages zarr and numcodecs the row of Zarr is left out.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from PIL import Image

from srfp_lib.images.arrays import ArrayFile, read_images, read_png, save_png

HERE = Path(__file__).parent
HEIGHT, WIDTH, CROP = 512, 512, 224


def photographs(folder: Path, count: int) -> np.ndarray:
    """So many images of one size, n h w 3."""
    found = []
    for file in (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in (".png", ".jpg", ".jpeg")):
        with Image.open(file) as image:
            if (larger := min(image.width / WIDTH, image.height / HEIGHT)) >= 1 and len(found) < count:
                box = (0, 0, WIDTH * larger, HEIGHT * larger)
                found.append(np.asarray(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=box)))
    return np.stack(found)


class Layout(Protocol):
    """A way to keep the images of a network in a folder."""

    name: str

    def write(self, root: Path, images: np.ndarray) -> None: ...

    def open(self, root: Path) -> Callable[[int], np.ndarray]:
        """A function from an image's number to its pixels."""
        ...


class Folder:
    """A PNG file an image, as the images are published."""

    name = "PNG files"

    def write(self, root: Path, images: np.ndarray) -> None:
        for i, image in enumerate(images):
            save_png(image, root / f"{i:04}.png")

    def open(self, root: Path) -> Callable[[int], np.ndarray]:
        return lambda i: read_png(root / f"{i:04}.png")


class Shards:
    """PNG files in a tar file, as WebDataset reads them, with an index for random access, which WebDataset does without."""

    name = "tar of PNG files"

    def write(self, root: Path, images: np.ndarray) -> None:
        with tarfile.open(root / "shard-000000.tar", "w") as file:
            for i, image in enumerate(images):
                stream = io.BytesIO()
                Image.fromarray(image).save(stream, "PNG", compress_level=1)
                about = tarfile.TarInfo(f"{i:04}.png")
                about.size = stream.tell()
                stream.seek(0)
                file.addfile(about, stream)

    def open(self, root: Path) -> Callable[[int], np.ndarray]:
        with tarfile.open(root / "shard-000000.tar") as file:
            places = [(member.offset_data, member.size) for member in file]
        stream = (root / "shard-000000.tar").open("rb")

        def read(i: int) -> np.ndarray:
            stream.seek(places[i][0])
            with Image.open(io.BytesIO(stream.read(places[i][1]))) as image:
                return np.asarray(image)

        return read


class Decoded:
    """One file of decoded pixels a network, mapped into memory: what this study trains and judges with."""

    name = "decoded, one file"

    def write(self, root: Path, images: np.ndarray) -> None:
        with ArrayFile(root / "images.npy", len(images)) as file:
            for image in images:
                file.add(image)

    def open(self, root: Path) -> Callable[[int], np.ndarray]:
        return read_images(root / "images.npy").__getitem__


class Zarr:
    """Chunks of one image, compressed by Blosc with Zstandard, in one shard."""

    name = "Zarr, a chunk an image"

    def write(self, root: Path, images: np.ndarray) -> None:
        import zarr

        codec = zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")
        array = zarr.create_array(root / "images.zarr", shape=images.shape, chunks=(1, *images.shape[1:]), shards=images.shape,
                                  dtype="uint8", compressors=codec)  # fmt: skip
        array[:] = images

    def open(self, root: Path) -> Callable[[int], np.ndarray]:
        import zarr

        array = zarr.open_array(root / "images.zarr", mode="r")
        return lambda i: array[i]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def flushed(write: Callable[[], None], root: Path) -> None:
    write()
    for path in root.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def crops(read: Callable[[int], np.ndarray], count: int) -> int:
    """One crop of each image, in random order; the sum keeps the reading honest."""
    rng, total = np.random.default_rng(0), 0
    for i in rng.permutation(count):
        top, left = rng.integers(HEIGHT - CROP), rng.integers(WIDTH - CROP)
        total += int(read(i)[top : top + CROP, left : left + CROP].sum())
    return total


def measured(layout: Layout, root: Path, images: np.ndarray) -> dict[str, object]:
    """A row of the table."""
    n = len(images)
    times = {"write": timed(lambda: flushed(lambda: layout.write(root, images), root))}
    read = layout.open(root)
    times["read"] = timed(lambda: [int(read(i).sum()) for i in range(n)])
    times["crop"] = timed(lambda: crops(read, n))
    if not all((read(i) == images[i]).all() for i in (0, n - 1)):
        raise SystemExit(f"{layout.name}: the images are not those that were written")
    files = [p for p in root.rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files) / n
    line = {"layout": layout.name, "images": n, "height": HEIGHT, "width": WIDTH, "bytes_an_image": round(size), "files": len(files)}
    for what, (cpu, wall) in times.items():
        line |= {f"{what}_cpu_ms": round(1000 * cpu / n, 2), f"{what}_ms": round(1000 * wall / n, 2)}
    return line


def rows(images: np.ndarray) -> Iterator[dict[str, object]]:
    for layout in (Folder(), Shards(), Decoded(), *([Zarr()] if find_spec("zarr") else [])):
        with tempfile.TemporaryDirectory(dir=HERE) as name:
            yield measured(layout, Path(name), images)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, help="a folder of photographs")
    parser.add_argument("--count", type=int, default=40, help="images")
    given = parser.parse_args()
    table = pd.DataFrame(rows(photographs(given.images, given.count)))
    table.to_csv(HERE / "storage.csv", index=False)
    print(table.to_string())
