"""Matrices taken apart: eigenvalues, principal components, low rank and LoRA.

Each lives in a room of its own; all public names can be had from here.
"""

from __future__ import annotations

from aimath.core.accumulate import Gram as Gram, Moments as Moments
from aimath.core.eigen import Eig as Eig, eig as eig
from aimath.core.lora import Lora as Lora, LoraUpdate as LoraUpdate, lora as lora, lora_update as lora_update
from aimath.core.lowrank import Spectrum as Spectrum, SvdApprox as SvdApprox
from aimath.core.pca import PCA as PCA, pca as pca, pca_of as pca_of, streamed_pca as streamed_pca
from aimath.core.spectra import (
    spectrum as spectrum,
    streamed_spectrum as streamed_spectrum,
    svd_approx as svd_approx,
)
