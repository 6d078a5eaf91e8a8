"""Trains the language model on composed documents."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator

import torch
from tokenizers import Tokenizer
from torch.nn import functional as F

from .lists import read_moods
from .lm_model import LanguageModel, LmShape
from .paths import LM, SEED, THREADS, WORK
from .stories import documents

DOCUMENTS = 12000
# The second cycle is where names are copied from the nickname into the story.
CYCLES = (900, 700)
BATCH = 20
RATE = 3e-3
EOS = 2


def batches(rows: list[list[int]], rng: random.Random) -> Iterator[torch.Tensor]:
    """Endless batches of documents of like length, padded with -1."""
    while True:
        order = rng.sample(rows, len(rows))
        for i in range(0, len(order), 16 * BATCH):
            chunk = sorted(order[i : i + 16 * BATCH], key=len)
            cuts = [chunk[j : j + BATCH] for j in range(0, len(chunk) - BATCH + 1, BATCH)]
            for cut in rng.sample(cuts, len(cuts)):
                yield torch.tensor([row + [-1] * (len(cut[-1]) - len(row)) for row in cut])


def cycle(model: LanguageModel, tokenizer: Tokenizer, steps: int, seed: int) -> None:
    """One cosine cycle over fresh documents, with a fresh optimiser."""
    torch.manual_seed(seed)
    texts = documents(read_moods(), "train", DOCUMENTS, seed)
    rows = [encoding.ids + [EOS] for encoding in tokenizer.encode_batch(texts)]
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.05, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda i: min(1, (i + 1) / 50) * (0.02 + 0.98 * (1 + math.cos(math.pi * i / steps)) / 2)
    )
    start = time.monotonic()
    for step, batch in zip(range(steps), batches(rows, random.Random(seed)), strict=False):
        logits = model(batch[:, :-1].clamp(min=0))
        loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten(), ignore_index=-1)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"lm step {step} loss {loss.item():.3f} {time.monotonic() - start:.0f} s", flush=True)


def main() -> None:
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)
    WORK.mkdir(exist_ok=True)
    tokenizer = Tokenizer.from_file(str(LM / "tokenizer.json"))
    model = LanguageModel(LmShape()).train()
    start, cpu = time.monotonic(), time.process_time()
    for i, steps in enumerate(CYCLES):
        cycle(model, tokenizer, steps, SEED + i)
        spent = {"seconds": time.monotonic() - start, "cpu_seconds": time.process_time() - cpu}
        torch.save({"weights": model.state_dict(), **spent}, WORK / "lm.pt")


if __name__ == "__main__":
    main()
