"""Trains the network, seeded, and writes its weights to .work/digits.pt: `python -m digits.train`."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from .data import SEED, read_splits, views
from .model import DigitNet

WORK = Path(__file__).parent.parent / ".work"
STEPS = 5000
BATCH = 128
RATE = 3e-3


def train() -> DigitNet:
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    splits = read_splits()
    images, labels = (torch.from_numpy(part) for part in splits["train"])
    dev_images, dev_labels = (torch.from_numpy(part) for part in splits["dev"])
    model = DigitNet()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda i: min(1, (i + 1) / 100) * (0.01 + 0.99 * (1 + math.cos(math.pi * i / STEPS)) / 2)
    )
    start = time.monotonic()
    for step in range(STEPS):
        rows = torch.randint(len(images), (BATCH,), generator=generator)
        loss = F.cross_entropy(model.train()(views(images[rows, None], generator)), labels[rows], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 499:
            with torch.no_grad():
                seen = model.eval()(views(dev_images[:, None], torch.Generator().manual_seed(SEED)))
            right = (seen.argmax(1) == dev_labels).float().mean().item()
            print(f"step {step + 1} loss {loss.item():.3f} dev views {right:.3f} {time.monotonic() - start:.0f} s", flush=True)
    return model.eval()


def main() -> None:
    torch.set_num_threads(1)
    WORK.mkdir(exist_ok=True)
    cpu = time.process_time()
    model = train()
    torch.save({"weights": model.state_dict(), "cpu_seconds": time.process_time() - cpu}, WORK / "digits.pt")


if __name__ == "__main__":
    main()
