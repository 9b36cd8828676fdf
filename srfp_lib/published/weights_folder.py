"""A folder of published weights: fetching a network's file, checking its SHA-256, loading it.

A file must have the published SHA-256 or, without one, that first seen here, which `weights.lock.json` records. Whatever lies in
the place of a file was meant: if it cannot be read, that is a sentence, and nothing takes its place.
"""

from __future__ import annotations

import json
import os
import stat
import time
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..common.errors import UserError
from ..common.files import one_writer, sha256, write_whole
from ..fetching.archives import unpack
from ..fetching.downloads import Sleep, download
from . import packages, state_dicts
from .catalogue import ENGINES, Row
from .engines import Engine, Ncnn, Spandrel
from .networks import PublishedNetwork

if TYPE_CHECKING:
    from torch import Tensor

LOCK = "weights.lock.json"
LARGEST_ARCHIVE = 4 * 2**30
BY_HAND = "put there by hand"


class WeightsFolder:
    """Files below their networks' families. Fetch only while the folder is `held`."""

    def __init__(self, root: Path) -> None:
        self.root, self.lock = root, root / LOCK

    def trouble(self, row: Row) -> str:
        """Why what lies in the place of a network's file cannot be read, in a few words; empty if it can be, or nothing lies there."""
        path = row.path(self.root)
        if link := next((p for p in (self.root, path.parent, path) if os.path.islink(p) and not os.path.exists(p)), None):
            return f"'{link}' is a link that leads nowhere"
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                return f"'{path}' is no file"
            path.open("rb").close()
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"'{path}' cannot be read ({error.strerror})"
        lacking = [part for part in packages.pair(path) if row.module == "ncnn" and not part.exists()]
        return f"'{lacking[0]}' is missing" if lacking else ""

    def content(self, row: Row, *, packaged: bool = True) -> str:
        """What identifies a network's weights: the SHA-256 of its files, or what keeps them from being read; empty if there are none.

        packaged: those in an installed package count where no file lies.
        """
        path = row.path(self.root)
        if trouble := self.trouble(row):
            return trouble
        files = packages.pair(path) if path.exists() else packages.files(row) if packaged else ()
        return " ".join(map(sha256, files))

    def state(self, row: Row) -> str:
        """ "missing", "verified" (published SHA-256), "as first seen", "present" (nothing to compare with), "altered" or "unreadable"."""
        path = row.path(self.root)
        if self.trouble(row):
            return "unreadable"
        if not path.exists():
            return "missing"
        seen = self._seen(path)
        if not row.sha256 and not seen:
            return "present"
        found = sha256(packages.pair(path)[-1])
        if not found.startswith(row.sha256) or seen not in ("", found):
            return "altered"
        return "verified" if row.sha256 else "as first seen"

    def load(self, row: Row) -> dict[str, Tensor]:
        """The state dict of a network.

        Raises UserError for a file that cannot be read or whose SHA-256 changed, and, with advice where to get it, for one that is missing.
        """
        path, state = row.path(self.root), self._readable(row)
        if state == "altered":
            raise UserError(f"'{path}' has another SHA-256 than it should: delete it and fetch it again")
        if state != "missing":
            return state_dicts.read(path, row)
        raise UserError(f"the weights of {row.model_id} are missing: {row.advice(self.root)}")

    def give(self, network: PublishedNetwork) -> dict[str, str]:
        """Load a network's weights into it; returns whose they are: file, sha256, and whether that is the published one.

        Raises UserError as `load` and `PublishedNetwork.load_state_dict`.
        """
        row = network.row
        network.load_state_dict(self.load(row), f"the weights '{row.path(self.root)}'")
        checked = "the published SHA-256" if self.state(row) == "verified" else "no SHA-256 is published"
        return {"file": row.file_name, "sha256": self.content(row), "checked": checked}

    def open(self, row: Row, device: str = "cpu") -> tuple[PublishedNetwork | Engine, dict[str, str]]:
        """A network with its weights, from here or from an installed package, and whose they are. Raises UserError."""
        path = row.path(self.root)
        if row.module not in ENGINES and (path.exists() or self.trouble(row) or not packages.files(row)):
            network = PublishedNetwork(row, device)
            return network, self.give(network)
        files = packages.pair(path) if path.exists() else packages.files(row)
        if not files:
            raise UserError(f"the weights of {row.model_id} are missing: {row.advice(self.root)}")
        packages.check(row, files)
        checked = "the SHA-256 of the catalogue" if row.module in ENGINES else "half precision, from a package"
        about = {"file": files[-1].name, "sha256": self.content(row), "checked": checked}
        return (Ncnn(row, *files) if len(files) == 2 else Spandrel(row, files[0], device)), about

    def _readable(self, row: Row) -> str:
        if trouble := self.trouble(row):
            raise UserError(f"the weights of {row.model_id} cannot be read: {trouble}; mend it, or move it away and fetch the file again")
        return self.state(row)

    def fetch(self, row: Row, *, sleep: Sleep = time.sleep) -> str:
        """Bring a network's file here unless it is; returns its state. A file put here by hand is taken as it is.

        Raises UserError for an altered or unreadable file, for a download that fails, and, with advice, if it must be fetched by hand.
        """
        path, state = row.path(self.root), self._readable(row)
        if state == "altered":
            whose = f"'{self.lock}' has" if sha256(path).startswith(row.sha256) else "its authors published"
            remedy = "delete it and fetch it again, or put the right file there"
            raise UserError(f"'{path}' has another SHA-256 than {whose} for {row.model_id}: {remedy}")
        if state == "missing":
            if not row.download:
                raise UserError(f"{row.model_id}: {row.advice(self.root)}")
            self._bring(row, sleep)
        if not self._seen(path):
            self._record(path, row.download if state == "missing" else BY_HAND)
        return self.state(row)

    def held(self) -> AbstractContextManager[object]:
        """Only one process at a time brings files here."""
        return one_writer(self.root / ".fetching", f"another process fetches into '{self.root}': wait for it, or choose another --weights")

    def entries(self) -> dict[str, dict]:
        """What is recorded: file, relative to the folder, to {"sha256", "bytes", "source"}. Raises UserError if it is damaged."""
        try:
            found = json.loads(self.lock.read_text(encoding="utf-8"))
            return {str(name): {**entry, "sha256": str(entry["sha256"])} for name, entry in found.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError, KeyError):
            raise UserError(f"'{self.lock}' is damaged: restore it, or delete it if you trust the weight files as they are") from None

    def _seen(self, path: Path) -> str:
        return self.entries().get(path.relative_to(self.root).as_posix(), {}).get("sha256", "")

    def _record(self, path: Path, source: str) -> None:
        entry = {"sha256": sha256(path), "bytes": path.stat().st_size, "source": source}
        entries = self.entries() | {path.relative_to(self.root).as_posix(): entry}
        write_whole(self.lock, (json.dumps(dict(sorted(entries.items())), indent=1) + "\n").encode())

    def _bring(self, row: Row, sleep: Sleep) -> None:
        """Download the file, or its archive, which stays for the next network in it."""
        path, remedy = row.path(self.root), row.advice(self.root)
        pin = self._seen(path) or row.sha256
        if not row.zipped:
            download(row.download, path, _sha256(pin), most_bytes=row.most_bytes, remedy=remedy, sleep=sleep)
            return
        archive = path.parent / Path(urlsplit(row.download).path).name
        seen, there = self._seen(archive), archive.exists()
        download(row.download, archive, _sha256(seen), most_bytes=LARGEST_ARCHIVE, remedy=remedy, sleep=sleep)
        _extract(archive, path, row.most_bytes, pin, remedy)
        if not seen:
            self._record(archive, BY_HAND if there else row.download)


def _sha256(pin: str) -> str:
    return pin and f"sha256:{pin}"


def _extract(archive: Path, target: Path, most_bytes: int, pin: str, remedy: str) -> None:
    """The first file in an archive with the target's name, in whatever folder."""
    names = []

    def place(member: str) -> str | None:
        names.append(PurePosixPath(member).name)
        return target.name if names[-1] == target.name and names.count(target.name) == 1 else None

    with TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        found = Path(folder) / "unpacked" / target.name
        unpack(archive, found.parent, place=place, most_bytes=most_bytes)
        if target.name not in names:
            others = ", ".join(name for name in names if name.endswith((".pt", ".pth")))
            raise UserError(f"'{archive}' holds {others or 'no weights'} and no '{target.name}': {remedy}")
        if not sha256(found).startswith(pin):
            raise UserError(f"'{target.name}' in '{archive}' has another SHA-256 than {pin[:16]}...: {remedy}")
        os.replace(found, target)
