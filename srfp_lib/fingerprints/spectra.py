"""Spectra of images: up-convolutions leave peaks, and too much or too little power at high frequencies. Shifts do not change them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from scipy import fft
from scipy.signal.windows import hann

WINDOW, STEP = 32, 16
FLOOR = 1e-2  # squared grey levels, below the noise of rounding to 8 bits: the logarithm of flat places stays finite


def high_pass(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n h w 3"]:
    """Images minus their binomial blur ([1 2 1] x [1 2 1] / 16), in grey levels; edge pixels are repeated."""
    padded = np.pad(images.astype(np.float32), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return images - (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 16


def log_power(signals: Float32[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """The log of the mean power and the mean of the log power over Hann windows of 32 pixels, step 16 (Welch 1967), of each channel.

    3,264 numbers: 2 means x 3 channels x 32 x 17 frequencies; fewer of images smaller than a window.
    """
    side = min(WINDOW, *signals.shape[1:3])
    window = hann(side, sym=False).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(signals, (side, side), axis=(1, 2))[:, ::STEP, ::STEP]  # n rows columns 3 side side
    found = fft.rfft2(cut * (window[:, None] * window), axes=(-2, -1))
    power = (np.square(found.real) + np.square(found.imag)).reshape(len(signals), -1, *found.shape[3:])
    both = np.log(power.mean(1) + FLOOR), np.log(power + FLOOR).mean(1)
    return np.stack(both, axis=1).reshape(len(signals), -1)


def spectrum(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """`log_power` of the images less their blur."""
    return log_power(high_pass(images))


def mean_logs(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "_ _"]:
    """The mean over images and channels of the log of the mean power, for pictures: 32 x 17, frequency 0 in the corner."""
    side = min(WINDOW, *images.shape[1:3])
    logs = [spectrum(images[start : start + 16]).reshape(-1, 2, 3, side, side // 2 + 1)[:, 0] for start in range(0, len(images), 16)]
    return np.concatenate(logs).mean((0, 1), dtype=np.float64).astype(np.float32)


def true_residual(images: UInt8[np.ndarray, "n h w 3"], true: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """`log_power` of images minus the true photographs: an upper bound, which a detective without the photograph does not reach.

    Song, Khayatkhoei and AbdAlmageed (2024) call the residual to the manifold of real images a fingerprint and take the nearest of known
    images for it; in super-resolution the right one is known.
    """
    return log_power(images.astype(np.float32) - true)


def azimuthal(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """The log power spectrum of each channel, averaged over each ring of frequencies, up to half the side (Durall, Keuper and Keuper, 2020).

    A ring holds all frequencies of one whole distance from zero, rounded down, in periods per side; larger images are cut to squares.
    """
    side = min(images.shape[1:3])
    found = fft.fft2(images[:, :side, :side].astype(np.float32), axes=(1, 2))
    logs = np.log(np.square(found.real) + np.square(found.imag) + FLOOR).reshape(len(images), side * side, 3)
    ring = rings(side).ravel()
    order = np.argsort(ring, kind="stable")
    starts = np.searchsorted(ring[order], np.arange(side // 2 + 2))
    sums = np.add.reduceat(logs[:, order], starts, axis=1)[:, :-1]  # the last one holds the corners
    return (sums / np.diff(starts)[:, None]).reshape(len(images), -1).astype(np.float32)


def rings(side: int) -> Int64[np.ndarray, "{side} {side}"]:
    """The distance of every frequency from zero, rounded down, in periods per side.

    >>> rings(4).tolist()
    [[0, 1, 2, 1], [1, 1, 2, 1], [2, 2, 2, 2], [1, 1, 2, 1]]
    """
    along = np.rint(np.fft.fftfreq(side) * side)
    return np.hypot(along[:, None], along).astype(np.int64)
