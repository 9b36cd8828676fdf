"""What a package says of itself: the datasheet, after the questions of Gebru et al. (2021), and the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ... import fleet
from ...profiles import Profile
from .draws import UNKNOWN, Counts, side

DATASHEET = """\
# Datasheet

After Gebru et al., "Datasheets for Datasets", Communications of the ACM 64 (12), 2021. Written by the command that made the package.

## Motivation

A contest for a class: which of {networks} super-resolution networks made an image? Its networks are known to nobody but the teacher, so that no
answer can be looked up.

## Composition

- {n_labelled} labelled and {n_test} unlabelled images, {side} x {side} pixels, 8-bit RGB PNG, {megabytes:.1f} MB of pixels. Nothing is missing.
- {known} networks have labelled images, {fewest} to {most} each, and are called {first} to {last}. {unseen} more made images of the test alone.
- An image shows a place of a photograph after reduction and super-resolution. Each test image shows a place of its own, and its network was drawn
  for itself, all {networks} equally likely. Each place of a training photograph is shown by two labelled images.
- Labelled and test images show different photographs. People are in some of them: published photographs of public persons or long-used test images.
- No personal data beyond that, no confidential data, nothing known to offend.

| photograph | shown in | images | source | licence | credit |
|---|---|---|---|---|---|
{photographs}

## Collection and processing

- The networks were trained for this package: {training}, narrow members (16 channels) of the families {architectures}, for scales {scales} and
  losses {losses}. Which of these each network is follows from the teacher's secret, as do their weights, the names and the places of the images.
- A photograph's tile of {tile} pixels is reduced by the bicubic kernel a = -0.5 with antialiasing and rounded to 8 bits, enlarged by the network,
  clamped, rounded, and cut at a random place that is not told: all 4 x 4 phases of the sub-pixel grid are equally likely.
- Files have random names, one size, one time and no metadata.

## Uses

- For: learning attribution; comparing methods within this contest. A baseline is included: {baseline}.
- Not for: judging images found elsewhere. The networks are small, the images lossless and not resized; JPEG alone destroys such fingerprints.
  Accuracies here say little of large networks, and nothing of a person who published an image.
- {n_photographs} test photographs carry the interval; two teams whose intervals overlap may well be equally good.

## Distribution and maintenance

- Photographs keep the licences of the table; all else may be shared as the software that made it (MIT).
- The same secret makes the same package again, byte for byte, on the same kind of processor; a new secret makes a new contest.
- The teacher who made it maintains it; the answers appear when the teacher publishes the secret.
"""

RULES = """\
# Rules

**Given.** `labels.csv`: images of {known} networks, {first} to {last}, each with its label and the photograph that it shows.
`submission_template.csv`: {n_test} images of other photographs, without labels. Some were made by networks that have no labelled image.

**Wanted.** `submission_template.csv` with the column `network` filled in: {first} to {last}, or `{unknown}` for an image of none of these.
Every image has one answer.

**Score.** The share of right answers on images of the {known} labelled networks, the mean over photographs; chance is {chance:.1f} %, and an answer
`{unknown}` is wrong there. Scored apart: the share of the other networks' images called `{unknown}`, beside the share of the first images called so.
Intervals (95 %) are over photographs. The leaderboard lists every submission, not only a team's best.

**Allowed.** Any method, any training images, any network of your own, cross-validation on the labelled images (by photograph: images of one
photograph are not independent).

**Not allowed.** Labelling test images by hand and training on them; looking for the original photographs of the test; asking for the secret.

**Before you submit**, say what accuracy you expect, from the labelled images alone. The closest guess deserves a prize too.

**Baseline.** `python baseline.py` writes `baseline.csv`: {baseline}.
"""


@dataclass(frozen=True, eq=False)
class About:
    """What the texts are filled with. ``labelled`` and ``test`` are names of photographs, ``photographs`` their table."""

    profile: Profile
    counts: Counts
    photographs: pd.DataFrame
    labelled: Sequence[str]
    test: Sequence[str]
    tile: int
    baseline: str

    def fields(self) -> dict[str, object]:
        """The fields that both texts share."""
        counts, labels = self.counts, self.counts.labels
        return {
            "networks": counts.networks, "known": len(labels), "unseen": counts.unseen, "first": labels[0], "last": labels[-1],
            "n_labelled": sum(counts.labelled), "n_test": sum(counts.test), "unknown": UNKNOWN, "baseline": self.baseline,
            "chance": 100 / len(labels), "side": side(self.tile),
        }  # fmt: skip


def datasheet(about: About) -> str:
    """The datasheet in Markdown."""
    counts, settings = about.counts, about.profile.training
    fewest, more = divmod(sum(counts.labelled), len(counts.labels))
    training = f"{settings.steps} steps with L1, {'then ' if settings.start_from_l1 else 'or '}{settings.adversarial_steps} with a discriminator"
    return DATASHEET.format(
        **about.fields(), fewest=fewest, most=fewest + bool(more), photographs=_photographs(about), training=training,
        megabytes=(sum(counts.labelled) + sum(counts.test)) * 3 * side(about.tile) ** 2 / 1e6, tile=about.tile,
        architectures=", ".join(fleet.ARCHITECTURES), scales=" and ".join(map(str, fleet.SCALES)), losses=", ".join(fleet.LOSSES),
        n_photographs=len(counts.test),
    )  # fmt: skip


def rules(about: About) -> str:
    """The rules in Markdown."""
    return RULES.format(**about.fields())


def _photographs(about: About) -> str:
    known = about.photographs.set_index("photograph").fillna("")
    lines = []
    for part, names, images in (("labelled", about.labelled, about.counts.labelled), ("test", about.test, about.counts.test)):
        for name, n in zip(names, images, strict=True):
            cells = [name, part, str(n), *(str(known.loc[name, column]) or "not stated" for column in ("source", "licence", "credit"))]
            lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)
