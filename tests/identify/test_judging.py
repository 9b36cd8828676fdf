"""Verdicts: the right source, honest ones for what is strange, and none that a mild change turns."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.forensics import history, judging
from srfp_lib.forensics.naming import PHOTOGRAPH, Naming, against_others
from srfp_lib.forensics.traces import traces
from srfp_lib.identify import records, words
from srfp_lib.identify.reading import opened

from .conftest import SOURCES, made_by


@pytest.mark.parametrize("source", SOURCES[:3])
def test_images_of_unseen_photographs_are_named(model, source):
    found = [judging.opinion(model, made_by(source, seed)[3:, 5:])[0] for seed in range(50, 56)]
    assert sum(model.sources[o.probabilities.argmax()] == source for o in found) >= 5
    for one in found:
        assert np.isclose(one.probabilities.sum(), 1)
        assert np.isfinite(one.log10_lr[model.networks]).all() and np.isnan(one.log10_lr[~model.networks]).all()
        assert np.nanmax(one.log10_lr) <= one.bound + 1e-9


def test_a_photograph_is_no_networks_work(model):
    assert judging.verdict(model, judging.opinion(model, made_by(PHOTOGRAPH, 70))[0])[0] == judging.PLAIN


def test_a_verdict_that_a_delivery_contradicts_is_unsure(model, monkeypatch):
    image = made_by(SOURCES[1], 60)
    plain = judging.judge(model, image, ("png",))
    assert plain.verdict == "known" and plain.first == SOURCES[1] and not plain.flipped
    other = judging.opinion(model, made_by(SOURCES[0], 60))[0]
    monkeypatch.setattr(judging, "delivered", lambda *_: other)
    turned = judging.judge(model, image, ("png", "jpeg-95"))
    assert turned.verdict == "unsure" and turned.flipped == ("png", "jpeg-95") and "mild changes" in turned.reason


def test_squares_lie_inside_and_are_few():
    for height, width in ((40, 40), (41, 900), (5000, 300), (3000, 4000)):
        found = judging.places(height, width, 40)
        assert len(set(found)) == len(found) <= judging.MOST
        assert all(0 <= top <= height - 40 and 0 <= left <= width - 40 for top, left in found)


def test_a_model_comes_back_from_its_files(model, tmp_path):
    model.save(tmp_path)
    again = Naming.load(tmp_path)
    x = traces(made_by(SOURCES[0], 80)[None, :40, :40])
    assert again.scales == model.scales and (again.opinion(x).probabilities == model.opinion(x).probabilities).all()
    (tmp_path / "model.safetensors").write_bytes(b"short")
    with pytest.raises(UserError, match="is damaged"):
        Naming.load(tmp_path)


def test_a_likelihood_ratio_is_against_the_mean_of_the_others():
    p = np.array([[0.7, 0.2, 0.1, 0.5]])
    found = against_others(np.log(p), np.array([True, True, True, False]))
    assert np.allclose(found[0, :3], np.log10([0.7 / 0.15, 0.2 / 0.4, 0.1 / 0.45])) and np.isnan(found[0, 3])


def test_jpeg_blocks_show_in_a_png(tmp_path):
    from PIL import Image

    image = made_by(PHOTOGRAPH, 3, 160, 160)
    Image.fromarray(image).save(tmp_path / "a.jpg", quality=60)
    copy = np.array(Image.open(tmp_path / "a.jpg"))
    assert history.blockiness(image) < history.BLOCKY < history.blockiness(copy)
    assert history.blockiness(np.tile(np.arange(160, dtype=np.uint8)[:, None, None] % 4 * 9, (1, 160, 3))) < history.BLOCKY  # a network's period


class Checked(HTMLParser):
    """Which tags are open, and every address."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_needs_nothing_else_and_says_what_is_in_the_records(tmp_path, examiner):
    from PIL import Image

    names = []
    for i, source in enumerate(SOURCES):
        names.append(tmp_path / f"<b>{i}&.png")
        Image.fromarray(made_by(source, 90 + i)).save(names[-1], "PNG")
    found = [*examiner.examine([*names, tmp_path / "missing.png"])]
    examiner.write_report(found, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    page = Checked()
    page.feed(text)
    assert not page.open and page.addresses and all(address.startswith("data:image/") for address in page.addresses)
    assert "@import" not in text and "url(" not in text and "<script" not in text and "<b>0" not in text
    for record, _ in found[:-1]:
        assert record["sha256"] in text and record["candidates"][0]["model_id"] in text
    assert "does not exist" in text and "L1 networks" in text


def test_a_record_adds_up(tmp_path, examiner):
    from PIL import Image

    Image.fromarray(made_by(SOURCES[1], 61)).save(tmp_path / "a.png")
    evidence = opened(tmp_path / "a.png")
    record = records.record(evidence, judging.judge(examiner.model, evidence.pixels, ("png", "shift-1")), examiner.model, examiner.study.profile)
    assert record["verdict"] == "known" and record["candidates"][0]["model_id"] == SOURCES[1]
    assert record["digital_source_type"].endswith("compositeWithTrainedAlgorithmicMedia")
    for values in record["parsed"].values():
        assert sum(values.values()) == pytest.approx(1, abs=1e-3)
    assert record["stability"]["tried"] == 2 and record["stability"]["flipped"] == 0
    assert words.line(record).startswith(record["file"]) and words.row(record)["model_id"] == SOURCES[1]
    assert records.licence(SOURCES[0], examiner.study.profile) == "trained in this workspace" and evidence.quality == 0


def test_a_compressed_image_that_may_be_a_photograph_is_unsure(model):
    known = replace(model.opinion(traces(made_by(SOURCES[0], 80)[None, :40, :40])), photograph=-1.0, perhaps=-1.0)
    assert judging.verdict(model, known)[:2] == ("known", SOURCES[0])
    assert judging.verdict(model, replace(known, perhaps=0.5))[0] == "unsure"
    assert judging.verdict(model, replace(known, perhaps=0.5, photograph=0.1))[0] == "not super-resolved"
