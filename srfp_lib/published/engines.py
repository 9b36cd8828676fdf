"""Networks of any family, run by a package that knows them: ncnn pairs by `ncnn`, torch weights by `spandrel`.

Both take and return float images in 0..1, RGB, as `PublishedNetwork` does; a network's own range and order of channels are in its row.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.errors import UserError
from ..fetching import restricted
from .catalogue import RANGES, SPARE, Row
from .networks import checked

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor


class Engine:
    """A network whose ``_run`` maps one planar LR image, float32 3 x h x w in its own range and order, to 3 x sh x sw."""

    def __init__(self, row: Row) -> None:
        self.row = row

    def upscale(self, lr: np.ndarray, *, name: str = "") -> np.ndarray:
        """Super-resolve one image: uint8 H x W x 3, RGB, to float32 sH x sW x 3 in 0..1, not yet clamped; ``name`` changes nothing.

        Raises UserError for other images, and for results that are not finite or of another size than the network's scale says.
        """
        checked(lr)
        full, order, pad = RANGES[self.row.value_range], slice(None, None, -1 if self.row.channels == "BGR" else 1), self.row.padding
        padded = np.pad(lr[..., order], ((pad, pad), (pad, pad), (0, 0)), mode="edge")
        planar = np.ascontiguousarray(padded.transpose(2, 0, 1), np.float32) * np.float32(full / 255)
        out = self._run(planar).transpose(1, 2, 0)[..., order] / np.float32(full)
        height, width = (length * self.row.scale for length in lr.shape[:2])
        if out.shape != (height, width, 3):
            raise UserError(f"{self.row.model_id} made {out.shape} of {lr.shape}, which is not {self.row.scale}X: correct its scale")
        if not np.isfinite(out).all():
            raise UserError(f"the result of {self.row.model_id} is not finite: its weights are damaged, or need another input")
        return out

    def _run(self, planar: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class Ncnn(Engine):
    """An ncnn pair, ``.param`` and ``.bin``, in float32 on one thread of the CPU."""

    def __init__(self, row: Row, param: Path, numbers: Path) -> None:
        super().__init__(row)
        try:
            import ncnn
        except ImportError:
            raise UserError(f"{row.model_id} needs the package ncnn: pip install ncnn") from None
        self._Mat, self._net = ncnn.Mat, ncnn.Net()
        options = self._net.opt
        options.num_threads, options.use_vulkan_compute = 1, False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = options.use_bf16_storage = False
        if self._net.load_param(str(param)) or self._net.load_model(str(numbers)):
            raise UserError(f"'{param}' and '{numbers.name}' cannot be read as a network of ncnn: put the pair of its authors there")
        if len(self._net.input_names()) != 1 or not self._net.output_names():
            raise UserError(f"the network in '{param}' has {len(self._net.input_names())} inputs: only one that takes an image alone can be used")

    def _run(self, planar: np.ndarray) -> np.ndarray:
        extractor = self._net.create_extractor()
        given = self._Mat(planar)  # does not own its memory: `planar` lives as long as it
        extractor.input(self._net.input_names()[0], given)
        failed, out = extractor.extract(self._net.output_names()[-1])
        if failed or out.dims != 3 or out.c != 3:
            raise UserError(f"the network of {self.row.model_id} does not make an image of an image: it cannot be used here")
        return np.array(out)


class Spandrel(Engine):
    """A weight file of one of the architectures that `spandrel` recognises by their tensors."""

    def __init__(self, row: Row, path: Path, device: str = "cpu") -> None:
        super().__init__(row)
        self._device, self._model = device, recognised(path, max(row.size_bytes, row.tensor_bytes) + SPARE).to(device).eval()
        self.scale = self._model.scale
        self.parameters = sum(parameter.numel() for parameter in self._model.model.parameters())

    def _run(self, planar: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            return self._model(torch.from_numpy(planar)[None].to(self._device))[0].float().cpu().numpy()


def recognised(path: Path, most_bytes: int) -> ImageModelDescriptor[Any]:
    """The network in a weight file, read without unpickling objects. Raises UserError if it cannot be read or is none that is known."""
    import spandrel
    from safetensors.torch import load_file

    try:
        state = load_file(path) if path.suffix == ".safetensors" else restricted.state_dict(path, most_bytes=most_bytes)
    except restricted.RefusedError as error:
        raise UserError(f"'{path}' cannot be read as weights: {error}; give a file of tensors alone") from None
    except Exception as error:  # of a damaged .safetensors file
        raise UserError(f"'{path}' cannot be read as weights ({type(error).__name__}): give a file of tensors alone") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = spandrel.ModelLoader().load_from_state_dict(dict(state))
    except Exception as error:  # spandrel, and the architectures that it tries, raise many types
        if isinstance(error, spandrel.UnsupportedModelError):
            raise UserError(
                f"the tensors in '{path}' are of no architecture that spandrel {spandrel.__version__} knows: convert it to ncnn"
            ) from None
        raise UserError(f"spandrel cannot build the network in '{path}' ({type(error).__name__}: {str(error)[:100]})") from None
    if not isinstance(found, spandrel.ImageModelDescriptor) or found.input_channels != 3 or found.output_channels != 3:
        raise UserError(f"'{path}' holds {found.architecture.name}, which does not make a colour image of one")
    return found
