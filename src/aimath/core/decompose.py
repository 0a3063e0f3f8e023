"""Matrices taken apart: eigenvalues, principal components, low rank and LoRA.

Each lives in a room of its own; all public names can be had from here.
"""

from __future__ import annotations

from aimath.core.accumulate import Gram, Moments
from aimath.core.eigen import Eig, eig
from aimath.core.lora import Lora, LoraUpdate, lora, lora_update
from aimath.core.lowrank import Spectrum, SvdApprox
from aimath.core.pca import PCA, pca, pca_of, streamed_pca
from aimath.core.spectra import spectrum, streamed_spectrum, svd_approx

__all__ = [
    "PCA",
    "Eig",
    "Gram",
    "Lora",
    "LoraUpdate",
    "Moments",
    "Spectrum",
    "SvdApprox",
    "eig",
    "lora",
    "lora_update",
    "pca",
    "pca_of",
    "spectrum",
    "streamed_pca",
    "streamed_spectrum",
    "svd_approx",
]
