"""How good are the networks' images, and did any training fail? (Appendix A.2; D41.)"""

from __future__ import annotations

import pandas as pd

from .. import fleet, paper

FAILED_BELOW = -3.0  # dB of mean PSNR over bicubic


def per_network(quality: pd.DataFrame) -> pd.DataFrame:
    """One row per network: mean and SD (n - 1, over images) of PSNR, SSIM and LPIPS, gain over bicubic, failed or not.

    LPIPS is NaN where the profile leaves it out. The paper's values have the prefix ``paper_``.
    """
    whole = quality if "lpips" in quality else quality.assign(lpips=float("nan"))
    table = whole.assign(gain=quality["psnr"] - quality["bicubic_psnr"]).groupby("model_id").agg(
        psnr=("psnr", "mean"), psnr_sd=("psnr", "std"), ssim=("ssim", "mean"), ssim_sd=("ssim", "std"),
        lpips=("lpips", "mean"), lpips_sd=("lpips", "std"), gain=("gain", "mean"), n_images=("psnr", "size"),
    )  # fmt: skip
    table["failed"] = table["gain"] < FAILED_BELOW
    networks = fleet.frame(tuple(fleet.parse(m) for m in table.index)).set_index("model_id")
    printed = paper.table("published_quality").set_index("model_id")[["psnr_mean_db", "psnr_sd_db", "lpips_mean", "lpips_sd"]]
    printed.columns = ["paper_psnr", "paper_psnr_sd", "paper_lpips", "paper_lpips_sd"]
    return networks[["architecture", "dataset", "scale", "loss", "seed"]].join(table).join(printed).reset_index()


def groups(networks: pd.DataFrame) -> pd.DataFrame:
    """Means by scale and loss, the range of the gains over bicubic, and the paper's means."""
    grouped = networks.groupby(["scale", "loss"], sort=False).agg(
        n_networks=("psnr", "size"), psnr=("psnr", "mean"), ssim=("ssim", "mean"), lpips=("lpips", "mean"), gain=("gain", "mean"),
        lowest_gain=("gain", "min"), highest_gain=("gain", "max"), failed=("failed", "sum"),
        paper_psnr=("paper_psnr", "mean"), paper_lpips=("paper_lpips", "mean"),
    )  # fmt: skip
    return fleet.in_order(grouped.reset_index())


def by_architecture(means: pd.DataFrame, value: str, loss: str = "loss") -> pd.DataFrame:
    """A value of each scale, loss and architecture: a row for each scale and loss, a column for each architecture."""
    wide = means.pivot(index=["scale", loss], columns="architecture", values=value).reindex(columns=fleet.ARCHITECTURES)
    return fleet.in_order(wide.reset_index().rename_axis(columns=None))


def failed(quality: pd.DataFrame) -> list[str]:
    """The networks far below bicubic: failed trainings."""
    networks = per_network(quality)
    return networks.loc[networks["failed"], "model_id"].tolist()
