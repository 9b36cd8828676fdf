"""How good the networks' images are (appendix A.2; D41), and which trainings failed."""

from __future__ import annotations

import pandas as pd

from .. import fleet, paper

FAILED_BELOW = -3.0  # dB of mean PSNR against bicubic


def per_network(quality: pd.DataFrame) -> pd.DataFrame:
    """One row a network: mean and SD (n - 1, over images) of PSNR, SSIM and LPIPS, the gain over bicubic, failed or not.

    LPIPS is NaN where it was not asked for. The paper's numbers stand beside under ``paper_...``.
    """
    whole = quality if "lpips" in quality else quality.assign(lpips=float("nan"))
    grouped = whole.assign(gain=quality["psnr"] - quality["bicubic_psnr"]).groupby("model_id")
    table = pd.DataFrame({
        "psnr": grouped["psnr"].mean(), "psnr_sd": grouped["psnr"].std(), "ssim": grouped["ssim"].mean(),
        "ssim_sd": grouped["ssim"].std(), "lpips": grouped["lpips"].mean(), "lpips_sd": grouped["lpips"].std(),
        "gain": grouped["gain"].mean(), "n_images": grouped.size(),
    })  # fmt: skip
    table["failed"] = table["gain"] < FAILED_BELOW
    networks = fleet.frame(tuple(fleet.parse(m) for m in table.index)).set_index("model_id")
    printed = paper.quality().set_index("model_id")[["psnr_mean_db", "psnr_sd_db", "lpips_mean", "lpips_sd"]]
    printed.columns = ["paper_psnr", "paper_psnr_sd", "paper_lpips", "paper_lpips_sd"]
    return networks[["architecture", "dataset", "scale", "loss", "seed"]].join(table).join(printed).loc[networks.index].reset_index()


def groups(networks: pd.DataFrame) -> pd.DataFrame:
    """Means by scale and loss, beside the paper's, with the range of the gains over bicubic."""
    grouped = networks.groupby(["scale", "loss"], sort=False)
    return pd.DataFrame({
        "n_networks": grouped.size(), "psnr": grouped["psnr"].mean(), "ssim": grouped["ssim"].mean(),
        "lpips": grouped["lpips"].mean(), "gain": grouped["gain"].mean(), "lowest_gain": grouped["gain"].min(),
        "highest_gain": grouped["gain"].max(), "failed": grouped["failed"].sum(),
        "paper_psnr": grouped["paper_psnr"].mean(), "paper_lpips": grouped["paper_lpips"].mean(),
    }).reset_index()  # fmt: skip


def failed(quality: pd.DataFrame) -> list[str]:
    """The networks far below bicubic: trainings that went wrong."""
    networks = per_network(quality)
    return networks.loc[networks["failed"], "model_id"].tolist()
