"""A server that speaks the part of Flickr's API that the set needs, with the troubles of the real one.

Everything but the random failures is a function of its settings, so that two servers hold the same photographs.
"""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from srfp_lib.photos.flickr import Flickr, Plan, build, read_table
from tests.serving import Answer, Truncated, serving

LICENCES = {
    0: "", 1: "https://creativecommons.org/licenses/by-nc-sa/2.0/", 3: "https://creativecommons.org/licenses/by-nc-nd/2.0/",
    4: "https://creativecommons.org/licenses/by/2.0/", 8: "https://www.usa.gov/government-copyright",
    9: "https://creativecommons.org/publicdomain/zero/1.0/", 10: "https://creativecommons.org/publicdomain/mark/1.0/",
}  # fmt: skip
TAGS = ("food", "architecture", "people", "animals", "landscapes")
KEY = "k3y"
PLAN = Plan(per_tag=20, least_pixels=20_000, side=96)


class FakeFlickr:
    """``each`` photographs a tag; of every 20 one is too small, not free, without owner, gone, a copy, or broken."""

    def __init__(self, *, each: int, size: tuple[int, int] = (200, 150), failing: float = 0.0, seed: int = 0) -> None:
        self.each, self.size, self.failing, self.random = each, size, failing, random.Random(seed)
        self.gone: set[str] = set()
        self.asked: Counter[str] = Counter()

    @contextmanager
    def running(self):
        """Yields the address of the API."""
        with serving(self.answer) as self.base:
            yield f"{self.base}/services/rest/"

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        parts = urlsplit(path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        self.asked[query.get("method", parts.path.split("/")[1])] += 1
        status, extra, body = self.photograph(parts.path) if "method" not in query else self.call(query)
        if self.random.random() < self.failing:
            return self.random.choice([
                (500, {}, b""), (429, {"Retry-After": "3"}, b""), (200, {}, Truncated(body or b"??")),
                (200, {}, b"<html>") if "method" in query else (502, {}, b""),
                (200, {}, json.dumps({"stat": "fail", "code": 105, "message": "unavailable"}).encode()) if "method" in query else (503, {}, b""),
            ])  # fmt: skip
        return status, extra, body

    def call(self, query: dict[str, str]) -> Answer:
        if query["api_key"] != KEY:
            return self.fail(100, "Invalid API Key")
        if query["method"] == "flickr.photos.licenses.getInfo":
            return self.ok(licenses={"license": [{"id": i, "name": "", "url": url} for i, url in LICENCES.items()]})
        if query["method"] == "flickr.photos.search":
            tag, page, size = TAGS.index(query["tags"]), int(query["page"]), min(int(query["per_page"]), 40)
            numbers = range((page - 1) * size, min(page * size, self.each))
            return self.ok(photos={"page": page, "pages": -(-self.each // size), "photo": [self.describe(tag, n) for n in numbers]})
        number = int(query["photo_id"])
        if query["photo_id"] in self.gone or number % 20 == 9:
            return self.fail(1, "Photo not found")
        if number % 7 == 3:
            return self.fail(2, "Permission denied")
        return self.ok(photo={"id": query["photo_id"], "camera": f"Maker Model-{number % 300}", "exif": []})

    def describe(self, tag: int, number: int) -> dict:
        photo_id, kind = str(1_000_000 * (tag + 1) + number), number % 20
        width, height = (60, 40) if kind == 1 else self.size
        found = {
            "id": photo_id, "secret": f"{number:010x}", "owner": "" if kind == 3 else f"{self.owner(tag, number)}@N01",
            "ownername": "" if kind == 4 else f"Owner  {number},\n\"the\" {tag}", "title": f"Photo, \"{number}\"",
            "license": 3 if kind == 2 else (4, 1, 9, 10, 8)[number % 5],
            "url_o": f"{self.base}/photo/{photo_id}.jpg", "width_o": width, "height_o": str(height),
        }  # fmt: skip
        if kind == 5:
            del found["license"]
        if kind == 6:
            found["url_k"], found["width_k"], found["height_k"] = (found.pop(k) for k in ("url_o", "width_o", "height_o"))
        return found

    def owner(self, tag: int, number: int) -> int:
        """A third of the photographs has an owner with others, some of another tag."""
        return number // 6 if number % 3 == 0 else 10_000 * (tag + 1) + number

    def photograph(self, path: str) -> Answer:
        name = path.split("/")[-1].removesuffix(".jpg")
        if name == "photo_unavailable.png":
            return 200, {}, self.picture(0, 20)  # a picture, but not the photograph
        number = int(name)
        if name in self.gone or number % 20 == 7:
            return (302, {"Location": f"{self.base}/photo_unavailable.png"}, b"") if number % 2 else (404, {}, b"")
        if number % 20 == 8:
            return 200, {}, b"this is no JPEG"
        # A copy: the picture of the number before, a little brighter, by somebody else.
        return 200, {}, self.picture(number - 1, 6) if number % 20 == 11 else self.picture(number, 0)

    def picture(self, number: int, brighter: int) -> bytes:
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(20, 230, (8, 8, 3), dtype=np.uint8)).resize(self.size, Image.Resampling.BICUBIC)
        file = io.BytesIO()
        Image.fromarray(np.asarray(coarse) + np.uint8(brighter)).save(file, "JPEG", quality=90)
        return file.getvalue()

    def ok(self, **parts) -> Answer:
        return 200, {}, json.dumps({"stat": "ok", **parts}).encode()

    def fail(self, code: int, message: str) -> Answer:
        return 200, {}, json.dumps({"stat": "fail", "code": code, "message": message}).encode()


def client(address, sleep=lambda seconds: None):
    return Flickr(KEY, address=address, sleep=sleep)


def built(folder, server, plan=PLAN, **arguments):
    with server.running() as address:
        return build(folder, client(address, **arguments), plan)


def content(folder, port):
    """Everything a reader sees, with the port of the server taken out of addresses (digests may hold the same digits)."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "state" not in p.parts]
    return {p.relative_to(folder).as_posix(): p.read_bytes().replace(f":{port}/".encode(), b"/") for p in files}


def same(one, other):
    ports = [str(read_table(folder / "photographs.csv")[0].address.split(":")[2].split("/")[0]) for folder in (one, other)]
    return content(one, ports[0]) == content(other, ports[1])
