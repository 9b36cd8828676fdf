"""What is found, in plain words, for a report and for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import fleet
from ..forensics.calibrating import ALARMS, ALARMS_CHANGED
from ..forensics.evidence import verbal

Record = Mapping[str, Any]
INTRODUCTION = (
    "A super-resolution network enlarges a picture by making up the missing detail. Each network does so in its own way and leaves weak, regular "
    "traces in the finest detail, its fingerprint. This report compares the traces in an image with those of the networks that it knows.",
    "It is an aid for people who weigh evidence, not a proof. It knows a limited number of networks; the words below say how sure it is, "
    "and the last section says how often it was wrong on images whose origin was known.",
)
WORDS = (
    "known: one network of the list explains the traces far better than the others do, and mild changes of the image do not alter that. A network "
    "outside the list may still have made the image.",
    "unknown: the traces are unlike those of every network in the list and unlike those of photographs. In trials most images of networks outside "
    "the list were not called so; that this verdict is not given says nothing for a network of the list.",
    "not super-resolved: no traces were found: the image looks like a photograph as a camera gives it, or like one enlarged by plain interpolation. "
    "In trials images of real networks, above all of those trained to imitate photographs, were often called so: it speaks against no network.",
    "unsure: the image allows no verdict; the candidates are hints at best.",
    "log10 LR: the likelihood ratio as a power of ten. 2 means that the traces are 100 times more likely if this network made the image than if "
    "another network of the list did; -2 means 100 times less likely. It does not mean that it is 100 times more likely that this network made the "
    "image: that depends on what was known before, which is for whoever judges the case.",
    "probability: how the candidates share 100 % if every network of the list was as likely at the outset, and if one of the list made the image. "
    "It is not the probability that the statement 'this network made it' is true. Unlike the ratio it has no bound; where the two seem to differ, "
    "rely on the ratio.",
)
UNKNOWN = "Its traces are unlike those of all known networks, and of photographs"


def verdict(record: Record) -> str:
    """The verdict as a sentence or two."""
    names = [one["model_id"] for one in record["candidates"]]
    if record["verdict"] == "known":
        return f"Of the networks in the list {names[0]} explains the traces best: {_kind(names[0])}. A network outside the list is not excluded."
    if record["verdict"] == "unknown":
        return (
            f"{UNKNOWN}, as those of up to {100 * ALARMS:.0f} % of the images of known networks are too. "
            f"If a network made this image, that supports one outside the list. The nearest in the list is {names[0]}."
        )
    if record["verdict"] == "not super-resolved":
        plain = max(record["not_super_resolved"], key=record["not_super_resolved"].get)
        like = "a photograph" if plain == "photograph" else "a plain interpolation"
        return f"No network's traces were found: the image looks like {like}. That does not show that there are none."
    return f"No verdict: {record['reason']}."


def percent(probability: float) -> str:
    """A probability as a reader should see it: none is 0, and none is 1.

    >>> percent(0.99996), percent(0.421), percent(0.0)
    ('> 99.9 %', '42.1 %', '< 0.1 %')
    """
    return "> 99.9 %" if probability > 0.999 else "< 0.1 %" if probability < 0.001 else f"{100 * probability:.1f} %"


def _kind(model_id: str) -> str:
    network = fleet.parse(model_id)
    how = "trained with a discriminator, to invent fine detail" if network.adversarial else "trained to keep close to the original"
    return f"a network of the architecture {network.architecture.replace('_', ' ')} that enlarges {network.scale} times, {how}"


def evidence(record: Record) -> str:
    """The strength of the evidence for the first candidate, in words."""
    if not record["candidates"]:
        return "No network is a candidate."
    first, bound = record["candidates"][0], record["evidence"]["bound"]
    said, others = verbal(first["log10_lr"], "the first over the second", "the second over the first"), record["evidence"]["networks"] - 1
    text = (
        f"Two statements are compared: first, {first['model_id']} made the image; second, another of the {others} networks of the list did, each as "
        f"likely as the next. The findings give {said} (log10 LR {first['log10_lr']:+.1f}). "
    )
    if first["log10_lr"] >= bound - 0.05:
        text += f"It may be stronger, but the networks on which this was calibrated support no log10 LR above {bound:.1f}. "
    return text + (
        "That is no probability: the ratio multiplies the odds that held before, and this network was found by searching the whole list. "
        "Both statements presume that a network of the list made the image; whether that holds is what the verdict is about."
    )


def stability(record: Record) -> str:
    """How the verdict fared in re-deliveries."""
    tried, flipped = record["stability"]["tried"], record["stability"]["flipped"]
    return (
        f"The image was changed in {tried} mild ways, such as saving it as JPEG or shifting it by a pixel, and judged again: "
        f"{'no verdict contradicts' if not flipped else f'{flipped} contradict'} the first one."
        + (" A verdict that such changes turn into another one is not given." if flipped else "")
    )


def facts(record: Record) -> list[tuple[str, str]]:
    """What identifies the file and this examination."""
    rows = [("SHA-256", record["sha256"]), ("format", f"{record['format']}, {record['width']} x {record['height']} pixels"),
            ("decoded by", record["decoder"]), ("squares looked at", str(len(record["map"])))]  # fmt: skip
    if record["licence"]:
        rows.append(("licence of the first candidate's family", record["licence"]))
    if record["digital_source_type"]:
        rows.append(("fitting term of the IPTC vocabulary Digital Source Type", record["digital_source_type"]))
    return rows


def made(method: Mapping[str, Any]) -> str:
    """Who examined, with what."""
    return f"Made on {method['date']} by srfp_lib identify {method['version']}, workspace of profile {method['profile']}, model {method['key']}."


def method(about: Mapping[str, Any]) -> list[str]:
    """How the verdict comes about, a paragraph each."""
    return [
        f"Up to {about['crops']} squares of {about['side']} x {about['side']} pixels are cut from the image, evenly spread. Of each, the power at "
        "each frequency of its finest detail is measured (a log power spectrum after a high-pass filter), and how neighbouring differences of "
        "grey levels follow one another (its grain). A linear model compares the spectra with those of "
        f"{about['networks']} networks, of photographs, and of plain enlargements; two further models tell photographs from all of these by spectrum "
        f"and grain. They were fitted on {about['photographs']} photographs, enlarged by every network and in part saved again, as JPEG for example, "
        "and on further photographs, as they are and at half size.",
        "The squares' log-probabilities are averaged and tempered, so that of the images named with 80 % probability about 80 % should be right. "
        "Temperature, limits and likelihood ratios were fitted on photographs that the model judging them had not learnt from.",
        "What both models score as a photograph is called not super-resolved first. Of the rest an image is called unknown if it is stranger than "
        f"{100 * (1 - ALARMS):.0f} % of untouched images of known networks are, or {100 * (1 - ALARMS_CHANGED):.1f} % of changed ones. A network is "
        f"named at a probability of {100 * about['sure']:.0f} % or more, and if mild changes of the image do not turn the verdict into another one. "
        "The rates below are of verdicts without such changes: with them fewer are right, fewer wrong, and more unsure.",
    ]


ASKED = {"top3": "right network among the first three", "right": "right verdict", "unsure": "unsure", "wrong": "wrong and not unsure"}


def rates(about: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """The measured rates by delivery: for each kind of image its name and a rate with its interval for each of `ASKED`."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for r in about["rates"]:
        found.setdefault(r["delivery"], {}).setdefault(r["group"], {})[r["what"]] = f"{100 * r['rate']:.1f} % ({r['interval']})"
    return {way: [[group, *(cells.get(what, "–") for what in ASKED)] for group, cells in groups.items()] for way, groups in found.items()}


def chance(about: Mapping[str, Any]) -> str:
    """The level of chance of the first of `ASKED`."""
    return next((r["chance"] for r in about["rates"] if r["what"] == "top3"), "–")


def versions(about: Mapping[str, Any]) -> str:
    """Versions of what was used."""
    return "Versions: " + ", ".join(f"{name} {version}" for name, version in about["versions"].items()) + "."


def line(record: Record) -> str:
    """A record in the terminal."""
    if "error" in record:
        return f"{record['file']}: {record['error']}"
    rows = [f"{record['file']}: {record['verdict']}. {record['in_words']}"]
    rows += ["  if a network of the list made it:"] if record["candidates"] else []
    rows += [f"  {c['model_id']:<44} {percent(c['probability']):>8}  log10 LR {c['log10_lr']:+.1f}" for c in record["candidates"][:3]]
    rows.append(f"  {record['stability']['tried']} mild re-deliveries, {record['stability']['flipped']} judged otherwise")
    return "\n".join([*rows, *(f"  note: {warning}" for warning in record["warnings"])])


def row(record: Record) -> dict[str, Any]:
    """A record as a row of a table."""
    if "error" in record:
        return {"file": record["file"], "verdict": "", "error": record["error"]}
    first: Sequence[Mapping[str, Any]] = record["candidates"][:1]
    best = {what: max(values, key=values.get) for what, values in record["parsed"].items() if values}
    return {
        "file": record["file"], "sha256": record["sha256"], "verdict": record["verdict"], **(dict(first[0]) if first else {}), **best,
        "tried": record["stability"]["tried"], "flipped": record["stability"]["flipped"], "warnings": " ".join(record["warnings"]), "error": "",
    }  # fmt: skip
