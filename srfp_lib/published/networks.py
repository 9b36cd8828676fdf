"""One interface for published networks: load the official weights, upscale a photograph, convert it to 8 bits.

A row of the catalogue names the module of `srfp_lib.networks` that builds the network: with ``build(variant, scale)``,
``upscale(module, lr, *, scale, ...)`` whose further keywords are the family's options, and ``official(state, variant, keys)``
where the names in the file differ from the module's.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common import devices
from ..common.errors import UserError
from ..common.randomness import seeded_torch, torch_generator
from .catalogue import ENGINES, HALF_UP, TRUNCATE, Row
from .catalogue import row as row_of

if TYPE_CHECKING:
    from torch import Tensor, nn

ANY_SCALE = ("LIIF",)
ANY_SEED = 0  # of everything random, beside the network's and the photograph's name


def network(model_id: str, variant: str | None = None, *, device: str = "cpu") -> PublishedNetwork:
    """A published network of a family of ours, as yet without weights; by default its default variant (see `catalogue`).

    Others come with their weights: `WeightsFolder.open` has all of them.

    >>> network("RDN-div2k-x2-L1-NA-pretrained").row.quantise
    'truncate'
    """
    row = row_of(model_id, variant)
    if row.module in ENGINES:
        raise UserError(f"{model_id} is run by {row.module}, with its weights alone: take WeightsFolder.open")
    return PublishedNetwork(row, device)


class PublishedNetwork:
    """A published network: first `load` or `load_state_dict`, then `upscale` and `quantise`."""

    def __init__(self, row: Row, device: str = "cpu") -> None:
        self.row, self._device = row, device
        self._family: Any = import_module(f"..networks.{row.module}", __package__)
        self._module: nn.Module | None = None  # none before weights are loaded
        self._variant = row.variant

    def load(self, path: Path | str) -> None:
        """Read the authors' file, whatever its form; strict, see `load_state_dict`."""
        from .state_dicts import read

        self.load_state_dict(read(Path(path), self.row), f"the weights '{path}'")

    def load_state_dict(self, tensors: Mapping[str, np.ndarray | Tensor], where: str = "the weights") -> None:
        """Copy the weights, under the names and in the layout of the authors' file, which a sentence calls ``where``.

        Strict: raises UserError with the first name that is missing, unexpected, of another shape or not finite, and copies nothing.
        """
        if not isinstance(tensors, Mapping):
            raise UserError(f"{_what(tensors)} is no state dict: give a mapping of the official names to arrays")
        module, variant = self._fitting(tensors)
        own = self._named(module, variant, tensors)
        self._check(own, tensors, where)
        given = {name: _tensor(name, value, where, like=own[name]) for name, value in tensors.items()}
        if bad := next((name for name, tensor in given.items() if not tensor.isfinite().all()), ""):
            raise UserError(f"'{bad}' in {where} holds NaN or infinite numbers: give the file of its authors")
        for name, tensor in given.items():
            own[name].copy_(tensor)
        self._module, self._variant = module.to(self._device), variant

    def state_dict(self, like: Collection[str] = ()) -> dict[str, Tensor]:
        """The tensors under the official names: views of the network's own; before loading, random weights.

        like: names as in the file, for families whose weights are published under several sets of names.
        """
        module, variant = (self._module, self._variant) if self._module is not None else self._fitting(like)
        return self._named(module, variant, like)

    def upscale(self, lr: np.ndarray, *, name: str = "", **options: Any) -> np.ndarray:
        """Super-resolve one image with the network's own conventions.

        lr: uint8 H x W x 3, RGB. Returns float32 sH x sW x 3 in 0..1, not yet clamped. name: the photograph's; it seeds what
        NLSN and NCSR draw at random, whatever ran before. Raises UserError for other images and options, missing weights, and weights
        that lead to numbers that are not finite.
        Options, where the family has them: chop (EDSR, RCAN, SAN, NLSN, SRFBN), bare (SwinIR), rotations (NLSN),
        temperature and latents (NCSR), scale (LIIF).
        """
        import torch

        checked(lr)
        for option in options:
            if option not in self.options():
                raise UserError(f"{self.row.model_id} has no option '{option}': it has {', '.join(self.options()) or 'none but name'}")
        if self._module is None:
            raise UserError(f"{self.row.model_id} has no weights yet: call load with the authors' file first")
        options = {option: _arrays_to_tensors(value, self._device) for option, value in options.items()}
        if "generator" in self._keywords():
            options["generator"] = torch_generator(ANY_SEED, "published", self.row.model_id, name)
        with torch.inference_mode():
            x = devices.place(torch.from_numpy(lr.copy()).permute(2, 0, 1)[None] / 255, self._device)  # 1 3 h w
            out = self._family.upscale(self._module, x, **{"scale": self.row.scale} | options)
            pixels = out[0].permute(1, 2, 0).float().contiguous().cpu().numpy()
        if not np.isfinite(pixels).all():
            raise UserError(f"the result of {self.row.model_id} is not finite: its weights are not the authors'")
        return pixels

    def quantise(self, out: np.ndarray) -> np.ndarray:
        """A result of `upscale` in 8 bits, by the authors' rule: float H x W x 3 to uint8 H x W x 3. Raises UserError."""
        if not isinstance(out, np.ndarray) or out.dtype.kind != "f" or out.ndim != 3 or out.shape[2] != 3:
            raise UserError(f"{_what(out)} cannot be made 8 bits: give the float H x W x 3 that upscale returned")
        if not np.isfinite(out).all():
            raise UserError(f"the result of {self.row.model_id} is not finite: its weights are not the authors'")
        levels = np.clip(out, 0, 1) * out.dtype.type(255)
        if self.row.quantise == TRUNCATE:
            return levels.astype(np.uint8)
        return (np.floor(levels + 0.5) if self.row.quantise == HALF_UP else np.rint(levels)).astype(np.uint8)

    def options(self) -> list[str]:
        """The names of this network's options of `upscale`, beside `name`."""
        hidden = {"generator"} if self.row.family in ANY_SCALE else {"generator", "scale"}
        return [keyword for keyword in self._keywords() if keyword not in hidden]

    def parameters(self) -> int:
        """Number of parameters; layers stored twice count once."""
        module = self._module if self._module is not None else self._fitting(())[0]
        return sum(parameter.numel() for parameter in module.parameters())

    def _keywords(self) -> list[str]:
        parameters = inspect.signature(self._family.upscale).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def _fitting(self, names: Collection[str]) -> tuple[nn.Module, str]:
        """A module for a file with such names, and its variant: ProSR's files may lack the layers of 8x."""
        import torch

        variant_of = getattr(self._family, "variant_of", None)
        variant = variant_of(names) if variant_of and names else self.row.variant
        if self._module is None or variant != self._variant:
            with seeded_torch(ANY_SEED, "published"):
                module = self._family.build(variant, self.row.scale).eval()
            # On a CPU, channels-last speeds up convolutions by up to a third and saves copies into another layout.
            return module.to(memory_format=torch.channels_last) if devices.channels_last(self._device) else module, variant
        return self._module, variant

    def _named(self, module: nn.Module, variant: str, names: Collection[str]) -> dict[str, Tensor]:
        official = getattr(self._family, "official", None)
        return official(module.state_dict(), variant, names) if official else module.state_dict()

    def _check(self, own: Mapping[str, Tensor], given: Mapping[str, Any], where: str) -> None:
        optional = getattr(self._family, "OPTIONAL_KEYS", ())
        label = f"{self.row.model_id} {self.row.variant}".strip()
        for name, tensor in own.items():
            if name not in given:
                if name not in optional:
                    raise UserError(f"{where} lack '{name}': give the file of {label}")
            elif (has := tuple(np.shape(given[name]))) != (needs := tuple(tensor.shape)):
                raise UserError(f"'{name}' has shape {has} in {where} and {needs} in {label}: give its file")
        for name in given:
            if name not in own:
                raise UserError(f"{where} hold '{name}', which {label} has not: give its file")


def checked(lr: Any) -> None:
    """Raises UserError for what is no image."""
    if not isinstance(lr, np.ndarray) or lr.dtype != np.uint8 or lr.ndim != 3 or lr.shape[2] != 3 or 0 in lr.shape:
        raise UserError(f"{_what(lr)} is no image: give uint8 of height x width x 3, RGB")


def _what(value: Any) -> str:
    return f"an array of {value.dtype} {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"


def _tensor(name: str, value: Any, where: str, like: Tensor) -> Tensor:
    """An array or tensor as a tensor of real numbers, of the type of the network's own."""
    import torch

    try:
        tensor = value if isinstance(value, torch.Tensor) else torch.tensor(np.asarray(value))
    except (TypeError, ValueError):
        tensor = None
    if tensor is None or tensor.is_complex() or like.is_floating_point() > tensor.is_floating_point():
        raise UserError(f"'{name}' in {where} is not an array of real numbers: give the file of the authors")
    return tensor.detach().to(like.dtype)


def _arrays_to_tensors(value: Any, device: str) -> Any:
    """Arrays, also in a list or tuple, as float tensors on a device; everything else as it is."""
    import torch

    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return torch.from_numpy(value).float().to(device)
    return [_arrays_to_tensors(part, device) for part in value] if isinstance(value, list | tuple) else value
