"""The digits of the UCI repository as scikit-learn bundles them, split, and the views of them that training sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

SEED = 17
# Side of the model's input, pixels; twice that of the data.
SIDE = 16
HELD_OUT = 300


class Split(NamedTuple):
    """Grey images of dark 0 and bright 1, shape [n, 8, 8], and their digits."""

    images: np.ndarray
    labels: np.ndarray


def read_splits() -> dict[str, Split]:
    """train, dev (choices were made on it) and test (for the report), each digit with its share in all."""
    digits = load_digits()
    images, labels = (digits.images / 16).astype(np.float32), digits.target
    rest, test = train_test_split(np.arange(len(labels)), test_size=HELD_OUT, stratify=labels, random_state=SEED)
    train, dev = train_test_split(rest, test_size=HELD_OUT, stratify=labels[rest], random_state=SEED)
    return {name: Split(images[rows], labels[rows]) for name, rows in (("train", train), ("dev", dev), ("test", test))}


def uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(n, 1, 1, 1, generator=generator) * (high - low) + low


def views(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images moved, scaled, turned, sheared, thickened, inverted and noisy. [n, 1, 8, 8] to [n, 1, SIDE, SIDE]."""
    n = len(images)
    large = F.interpolate(images, scale_factor=8, mode="bilinear", align_corners=False)
    # A few stay blocks, as a tiny picture is when it is blown up.
    blocks = F.interpolate(images, scale_factor=8, mode="nearest")
    large = torch.where(uniform(n, 0, 1, generator) < 0.2, blocks, large)
    angle, shear = (uniform(n, -0.26, 0.26, generator).flatten() for _ in range(2))
    zoom = torch.exp(uniform(n, -0.1, 0.75, generator)).flatten()
    stretch = torch.exp(uniform(n, -0.15, 0.15, generator)).flatten()
    # The smaller it is, the further it may lie from the middle.
    room = (zoom - 1).clamp(min=0) * 0.8 + 0.12
    shift_x, shift_y = (uniform(n, -1, 1, generator).flatten() * room for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = [zoom * stretch * cos, zoom * (shear - sin), shift_x, zoom * sin, zoom / stretch * cos, shift_y]
    grid = F.affine_grid(torch.stack(rows, 1).view(n, 2, 3), list(large.shape), align_corners=False)
    moved = F.grid_sample(large, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    thick = F.max_pool2d(moved, 5, 1, 2)
    thin = -F.max_pool2d(-moved, 5, 1, 2)
    choice = uniform(n, 0, 1, generator)
    moved = torch.where(choice < 0.2, thick, torch.where(choice > 0.88, thin, moved))
    small = F.avg_pool2d(moved, large.shape[-1] // SIDE)
    # Strokes of a pen are full, those of the data are grey at their edges.
    small = torch.where(uniform(n, 0, 1, generator) < 0.3, (small * 1.8).clamp(max=1), small)
    small = small * uniform(n, 0.35, 1, generator)
    small = small + torch.randn(small.shape, generator=generator) * uniform(n, 0, 0.06, generator)
    inverted = uniform(n, 0, 1, generator) < 0.5
    return torch.where(inverted, 1 - small, small).clamp(0, 1)
