"""How large the study is run: `PAPER` is the paper, the smaller profiles say where they depart from it."""

from __future__ import annotations

from dataclasses import replace

from .sections import (
    FINGERPRINTS,
    FORENSICS,
    LAB_CONTROLS,
    SMALL_BACKBONES,
    Classifier,
    Fingerprints,
    Forensics,
    Parsers,
    Photographs,
    Prnu,
    Profile,
    Published,
    Quality,
    Training,
)

PAPER = Profile(name="paper")

_NARROW = Training(
    size="narrow", stacked=True, steps=200, adversarial_steps=80, start_from_l1=True, batch=3, patch=48,
    learning_rate=2e-3, adversarial_learning_rate=1e-3, discriminator_learning_rate=5e-4,
    discriminator_betas=(0.5, 0.99), warmup=10, final_rate=0.05, clip=1.0,
    pixel_weight=0.3, perceptual_weight=2.0, adversarial_weight=0.02,
    perceptual="seeded", discriminator="small", log_every=20, checkpoint_every=0,
)  # fmt: skip

DEMO = Profile(
    name="demo",
    photographs=Photographs(
        source="embedded", training_tile=96, image_size=96, max_training_tiles=240, max_images_per_photograph=8,
        max_images=112, dead_leaves=12, png=False, rotations=3,
    ),
    training=_NARROW,
    classifier=Classifier(
        backbones=("small_narrow", "small_separable", "small_inverted"), runs=3, recipe="steps", crop=32, batch=128, head_epochs=0, epochs=0,
        steps=600, backbone_steps=200, controls=("known-offset", "colour-alone"), control_steps=600, learning_rate=8e-3, precision="bfloat16",
        checkpoint_every=0,
    ),
    parsers=Parsers(runs=1, shared_trunk=True, steps=170, known_offset=("s3",)),
    prnu=Prnu(denoiser="wavelet", crop=None, int8=False, known_offset=True),
    published=Published(source="available", weights_dir="weights", classifier_steps=100, probe=100),
    quality=Quality(crop=None, images="all", lpips=False),
    fingerprints=Fingerprints(kinds=("lattice",)),
)  # fmt: skip

LAB = replace(
    DEMO,
    name="lab",
    photographs=replace(
        DEMO.photographs, source="embedded", max_training_tiles=480, max_images_per_photograph=4, max_images=600,
        dead_leaves=0, rotations=1,
    ),
    training=replace(DEMO.training, steps=1000, adversarial_steps=400, batch=4, log_every=100, checkpoint_every=200),
    classifier=replace(DEMO.classifier, backbones=("small_plain", *SMALL_BACKBONES[2:]), learning_rate=4e-3, steps=1500,
                       backbone_steps=300, control_steps=1500, controls=LAB_CONTROLS, checkpoint_every=500, probe=24),
    parsers=replace(DEMO.parsers, steps=400, known_offset=("s3", "VGG_GAN")),
    published=replace(DEMO.published, classifier_steps=300, probe=200),
    fingerprints=Fingerprints(kinds=tuple(kind for kind in FINGERPRINTS if kind != "prnu-bm3d"), images=196),
    forensics=Forensics(parts=FORENSICS, images=240),
)  # fmt: skip

SMOKE = replace(
    DEMO,
    name="smoke",
    photographs=replace(DEMO.photographs, training_tile=48, image_size=48, max_training_tiles=8,
                        max_images_per_photograph=1, max_images=9, dead_leaves=1),
    training=replace(DEMO.training, steps=4, adversarial_steps=2, batch=1, warmup=1, log_every=2),
    classifier=replace(DEMO.classifier, backbones=SMALL_BACKBONES, crop=24, batch=64, steps=12,
                       backbone_steps=4, control_steps=4, controls=LAB_CONTROLS[:5], probe=2),
    parsers=replace(DEMO.parsers, steps=4),
    published=replace(DEMO.published, classifier_steps=4, probe=2),
    fingerprints=Fingerprints(kinds=FINGERPRINTS[:2] + FINGERPRINTS[3:], images=4, pictured=4),
    forensics=Forensics(parts=FORENSICS, survival="few"),
)  # fmt: skip

PROFILES = {p.name: p for p in (PAPER, LAB, DEMO, SMOKE)}
