"""The settings of the study, a section for each room. The defaults are the paper's.

A field that the paper leaves open carries the label of its entry on the page "Choices" (D4, D5, ...).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..common.devices import PRECISIONS
from ..common.overrides import setting

SMALL_BACKBONES = ("small_plain", "small_narrow", "small_separable", "small_inverted", "small_convnext")
LAB_CONTROLS = ("known-offset", "matched", "colour-alone", "bits-7", "bits-6", "photographs-25")
# The backbones of Table 2 and the side of their crops in the released code (D15).
PAPER_BACKBONES = {"convnext_base.fb_in1k": 224, "legacy_xception.tf_in1k": 299, "efficientnet_b2.ra_in1k": 288, "resnet50.a1_in1k": 224}
FINGERPRINTS = ("lattice", "prnu", "prnu-bm3d", "spectrum", "azimuthal", "cooccurrence", "early-layers", "true-residual")
FORENSICS = ("identify", "verification", "open-set", "survival")  # chapters 19 to 22
CUSTOM = ("EDSR", "RDN", "RCAN", "SwinIR", "NLSN")  # architectures


@dataclass(frozen=True)
class Photographs:
    """Which photographs, and how they are cut (paper, section 3.2 and Table A.1)."""

    source: str = setting("paper", "paper, embedded, a folder, or release: the images are the authors'", "D12",
                          place=True, of=("paper", "embedded", "release"))  # fmt: skip
    div2k: str = setting("runs/photos/div2k", "source paper: folder of DIV2K", place=True)
    flickr2k: str = setting("runs/photos/flickr2k", "source paper: folder of Flickr2K", place=True)
    flickr1k: str = setting("runs/photos/flickr1k", "source paper: folder of Flickr1K, which has splits of its own", place=True)
    training_tile: int = setting(480, "HR side of the tiles that training crops come from", "D6", least=16, step=4)
    image_size: int | None = setting(None, "side of the images to super-resolve; none, in TOML 0: whole photographs", "D9", least=16, step=4)
    max_training_tiles: int = setting(100_000, "most tiles of a training set", least=1)
    max_images_per_photograph: int = setting(1, "most images cut from a photograph", least=1)
    max_images: int = setting(1000, "most images in all", least=1)
    dead_leaves: int = setting(0, "drawn images added to each training set")
    decoded: bool = setting(True, "images are kept decoded, so that a crop costs microseconds")
    png: bool = setting(True, "images are kept as PNG files, laid out as the authors' release; else the command `images` writes them when asked")
    rotations: int = setting(1, "splits of the photographs that the classifier runs rotate through", "D35", least=1, most=8)


@dataclass(frozen=True)
class Training:
    """How the custom networks are trained (paper, section 3.1)."""

    size: str = setting("full", "full or narrow members of the five families", "D7", of=("full", "narrow"))
    stacked: bool = setting(False, "the 18 networks of an architecture and scale are one job")
    steps: int = setting(50_000, "optimiser steps with L1", least=1)
    adversarial_steps: int = setting(50_000, "optimiser steps with a discriminator")
    start_from_l1: bool = setting(False, "adversarial networks start from their finished L1 twin", "D5")
    batch: int = setting(16, "crops a step", "D6", least=1)
    patch: int = setting(128, "HR side of a training crop", "D6", least=16, step=4)
    learning_rate: float = setting(1e-4, "Adam, L1", "D5", least=1e-9)
    adversarial_learning_rate: float = setting(1e-4, "Adam, adversarial", "D5", least=1e-9)
    discriminator_learning_rate: float = setting(1e-4, "Adam, discriminator", "D5", least=1e-9)
    discriminator_betas: tuple[float, ...] = setting((0.9, 0.99), "Adam's moments, discriminator", "D5", most=0.9999, count=2)
    warmup: int = setting(0, "steps of linear warm-up", "D5")
    final_rate: float = setting(1.0, "share of the learning rate left at the end of a cosine; 1: constant", "D5", most=1)
    clip: float = setting(0.0, "largest gradient norm of a network; 0: none", "D5")
    pixel_weight: float = setting(0.0, "weight of L1 beside the perceptual and adversarial terms", "D4")
    perceptual_weight: float = setting(1.0, "weight of the perceptual term", "D4")
    adversarial_weight: float = setting(1e-3, "weight of -log D")
    perceptual: str = setting("imagenet", "imagenet, seeded (small, fixed random weights), or efficientnet_lite0 (extra backbones)", "D4",
                              of=("imagenet", "seeded", "efficientnet_lite0"))  # fmt: skip
    discriminator: str = setting("vgg", "vgg: BasicSR's for 128 pixels, or small", "D8", of=("vgg", "small"))
    precision: str = setting("float32", "float32 as in BasicSR, or bfloat16 (autocast)", of=PRECISIONS)
    channels_last: tuple[str, ...] = setting((), "architectures whose weights and images have the memory layout n h w c", of=CUSTOM)
    recorded: tuple[str, ...] = setting(CUSTOM[:3], "full-size architectures whose step on a GPU is one recorded CUDA graph", of=CUSTOM)
    compiled: bool = setting(False, "torch.compile of the networks")
    log_every: int = setting(1000, "steps between lines of the log", least=1)
    checkpoint_every: int = setting(1000, "steps between checkpoints; 0: none")


@dataclass(frozen=True)
class Classifier:
    """How attribution and parsing classifiers are trained (paper, section 3.3)."""

    backbones: tuple[str, ...] = setting(tuple(PAPER_BACKBONES), "rows of Table 2; the first is used everywhere else", "D14", count=1)
    runs: int = setting(3, "trainings of the attribution classifier, seeds 1, 2, ...", "D21", least=1, most=1000)
    recipe: str = setting("paper", "paper: Adamax, epochs, plateau; steps: AdamW, fixed steps, cosine", "D18", of=("paper", "steps"))
    crop: int | None = setting(None, "side of a training crop; none, in TOML 0: 299 for Xception, 288 for EfficientNet-B2, 224 else", "D15", least=16)
    batch: int = setting(16, "crops a step", least=1)
    head_epochs: int = setting(3, "epochs of the last layer alone", "D20")
    epochs: int = setting(15, "epochs of everything", "D19")
    steps: int = setting(0, "recipe steps: attribution")
    backbone_steps: int = setting(0, "recipe steps: the further rows of Table 2")
    controls: tuple[str, ...] = setting((), "attribution once more with one thing changed: known-offset, matched, bits-7, photographs-50, ...", "D50")
    control_steps: int = setting(0, "recipe steps: each control")
    learning_rate: float = setting(5e-4, "start of the schedule", least=1e-9)
    probe: int = setting(0, "attribution: images of each network that a linear probe beside the head is fitted on; 0: none", "D52")
    checkpoint_every: int = setting(1000, "recipe steps: steps between checkpoints, recipe paper: after every epoch; 0: none")
    precision: str = setting("float32", "float32, or bfloat16 (autocast)", of=PRECISIONS)

    def side(self, backbone: str) -> int:
        """The side of a backbone's crops in pixels (D15).

        >>> Classifier().side("efficientnet_b2.ra_in1k"), Classifier(crop=32).side("efficientnet_b2.ra_in1k")
        (288, 32)
        """
        return self.crop or PAPER_BACKBONES.get(backbone, 224)


@dataclass(frozen=True)
class Parsers:
    """How the 18 parsers of Table 4 are trained (paper, section 4.2)."""

    runs: int = setting(3, "trainings of every parser", least=1, most=1000)
    shared_trunk: bool = setting(False, "the parsers of a withheld value share a body; the paper trains each apart")
    steps: int = setting(0, "recipe steps")
    known_offset: tuple[str, ...] = setting((), "columns of Table 4 (s3, VGG_GAN, ...) once more with crops at a known offset: a control", "D17",
                                            of=("s3", "flickr2k", "SwinIR", "RCAN", "VGG_GAN", "L1"))  # fmt: skip


@dataclass(frozen=True)
class Published:
    """The published networks (paper, Table 1): where their images come from, and how they are told apart (section 4.1.2)."""

    source: str = setting("weights", "weights: the paper's 25; available: those whose weights are here; release; or a folder of images that "
                          "somebody's networks made", "D38", place=True, of=("weights", "available", "release"))  # fmt: skip
    include: tuple[str, ...] = setting((), "networks that are left out otherwise, because of their licence or another reason in the catalogue")
    weights_dir: str = setting("weights", "folder of weight files, used where they lie there; in backbones/ those of timm's backbones", place=True)
    writer: str = setting("round", "round, or authors: five networks' values are truncated to 8 bits as theirs were", "D36", of=("round", "authors"))
    margin: int = setting(0, "pixels of the photograph around a tile that published networks see too; they are cut off afterwards", "D53", step=4)
    classifier_steps: int = setting(0, "recipe steps: attribution among the published networks", "D23")
    probe: int = setting(0, "images of each network that the linear probe beside their classifier's head is fitted on; 0: none", "D52")


@dataclass(frozen=True)
class Prnu:
    """The noise-residual baseline (paper, section 4.1.1)."""

    denoiser: str = setting("bm3d", "bm3d or wavelet", "D28", of=("bm3d", "wavelet"))
    crop: int | None = setting(299, "side of the centre crop; none: whole images", "D28", least=16)
    int8: bool = setting(True, "residuals stored as whole grey levels, as in the released code", "D28")
    known_offset: bool = setting(False, "once more with every image cut in the same phase of the sub-pixel grid: a control", "D28")


@dataclass(frozen=True)
class Quality:
    """What PSNR and SSIM are taken of (paper, appendix A.2)."""

    crop: int | None = setting(224, "side of the centre crop; none: whole images", "D41", least=16)
    images: str = setting("test", "test images, or all", "D41", of=("test", "all"))
    lpips: bool = setting(True, "LPIPS beside PSNR and SSIM; needs AlexNet's ImageNet weights", "D41")


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints other than the CNN's (not in the paper, PRNU excepted)."""

    kinds: tuple[str, ...] = setting((), "kinds that attribute networks; early-layers needs the extra backbones, prnu-bm3d the extra bm3d",
                                     of=FINGERPRINTS)  # fmt: skip
    images: int | None = setting(None, "most training images of a network; none: all", least=2)
    pictured: int | None = setting(64, "most training images of a network that its pictures average; none: all", least=2)
    crop: int = setting(224, "side of the crops of whole photographs; tiles are taken nearly whole", least=16)


@dataclass(frozen=True)
class Forensics:
    """What images give away of unknown networks, in pairs, after a delivery, and one by one (not in the paper)."""

    parts: tuple[str, ...] = setting((), "chapters 19 to 22 that the run makes anew; the others show kept tables", of=FORENSICS)
    images: int | None = setting(None, "most images of a network that are described; none, in TOML 0: all", least=9)
    survival: str = setting("whole", "deliveries and attacks of chapter 22: whole, or few images of few networks", of=("whole", "few"))


@dataclass(frozen=True)
class Release:
    """The authors' released images, where they take the place of ours. `python -m srfp_lib release` fills this in."""

    folder: str = setting("", "the unpacked release; empty: the study makes its own images", place=True, of=("",))
    splits: str = setting("theirs", "theirs, or ours: the photographs are dealt anew", "D35", of=("theirs", "ours"))
    copy: bool = setting(False, "the images are copied into the workspace; otherwise they stay where they are")
    networks: tuple[str, ...] = setting((), "the networks whose images are there")
    content: str = setting("", "digest of the photographs that are used, and of their splits")


@dataclass(frozen=True)
class Profile:
    """One size of the study. Sections are frozen too; derive another with `dataclasses.replace` or a TOML file."""

    name: str
    base: str = ""  # of a profile from a file: the one that it changes
    file: str = ""  # where it lies
    master_seed: int = 1
    photographs: Photographs = field(default_factory=Photographs)
    training: Training = field(default_factory=Training)
    classifier: Classifier = field(default_factory=Classifier)
    parsers: Parsers = field(default_factory=Parsers)
    prnu: Prnu = field(default_factory=Prnu)
    published: Published = field(default_factory=Published)
    quality: Quality = field(default_factory=Quality)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    forensics: Forensics = field(default_factory=Forensics)
    release: Release = field(default_factory=Release)
