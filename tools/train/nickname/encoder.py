"""Trains the sentence encoder: a teacher, the student distilled from it, and the same student without it."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from .encoder_model import STUDENT, TEACHER, Encoder, EncoderShape
from .lists import Mood, read_frames, read_moods
from .paths import ENCODER, SEED, THREADS, WORK
from .sentences import Sentence, training_pool

PER_MOOD = 400
BATCH = 64
ADJECTIVES = 96
TEMPERATURE = 0.08
TOKEN_DROPOUT = 0.15
EMBEDDING_RATE = 1e-2
UNKNOWN = 1


@dataclass(frozen=True)
class Recipe:
    shape: EncoderShape
    steps: int
    rate: float


# `alone` is the student trained like the teacher: what distillation adds is the difference to it.
RECIPES = {
    "teacher": Recipe(TEACHER, 260, 1.2e-3),
    "student": Recipe(STUDENT, 500, 3e-3),
    "alone": Recipe(STUDENT, 500, 3e-3),
}


def load(name: str) -> Encoder:
    """An encoder that an earlier run trained."""
    model = Encoder(RECIPES[name].shape)
    model.load_state_dict(torch.load(WORK / f"encoder-{name}.pt")["weights"])
    return model.eval()


def pad(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, right-padded with 0, [batch, longest]."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def hide(ids: Tensor, mask: Tensor) -> Tensor:
    """Some tokens become [UNK]: the model must not lean on a single word."""
    hidden = (torch.rand(ids.shape) < TOKEN_DROPOUT) & (ids > 4) & mask.bool()
    return ids.masked_fill(hidden, UNKNOWN)


def positives(scores: Tensor, match: Tensor, ignore: Tensor | None = None) -> Tensor:
    """InfoNCE with several right answers a row: minus the mean log-probability of the matching columns."""
    scores = scores / TEMPERATURE
    if ignore is not None:
        scores = scores.masked_fill(ignore, -1e4)
        match = match & ~ignore
    logs = scores.log_softmax(-1)
    count = match.sum(-1)
    return (-(logs * match).sum(-1) / count.clamp(min=1))[count > 0].mean()


def distance(student: Tensor, teacher: Tensor) -> Tensor:
    """How far the student's neighbours are from the teacher's: KL of softened similarities, rows are anchors."""
    soft = (teacher / TEMPERATURE).log_softmax(-1)
    return F.kl_div((student / TEMPERATURE).log_softmax(-1), soft, log_target=True, reduction="batchmean")


class Corpus:
    """The pool as token ids, and every adjective in both languages with the number of its mood."""

    def __init__(self, tokenizer: Tokenizer, moods: list[Mood], pool: list[Sentence]) -> None:
        number = {mood.id: i for i, mood in enumerate(moods)}
        self.rows = [encoding.ids for encoding in tokenizer.encode_batch([s.text for s in pool])]
        self.labels = torch.tensor([number[s.mood] for s in pool])
        forms = [(form, i) for i, mood in enumerate(moods) for adj in mood.adjectives for form in adj[1:]]
        self.adjectives = pad([tokenizer.encode(form).ids for form, _ in forms])
        self.adjective_labels = torch.tensor([i for _, i in forms])


def batches(corpus: Corpus, rng: random.Random) -> Iterator[list[int]]:
    """Endless batches of rows of like length: half of a batch cut at random would be padding."""
    while True:
        order = rng.sample(range(len(corpus.rows)), len(corpus.rows))
        for i in range(0, len(order), 16 * BATCH):
            chunk = sorted(order[i : i + 16 * BATCH], key=lambda row: len(corpus.rows[row]))
            cuts = [chunk[j : j + BATCH] for j in range(0, len(chunk) - BATCH + 1, BATCH)]
            yield from rng.sample(cuts, len(cuts))


def train(shape: EncoderShape, corpus: Corpus, steps: int, rate: float, seed: int, teacher: Encoder | None) -> Encoder:
    """Contrastive training of one encoder; with a teacher, its similarities are imitated too."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = Encoder(shape).train()
    # Most tokens are rare, so each of their few gradients must count for more.
    rest = [weight for name, weight in model.named_parameters() if name != "token.weight"]
    # A head that names the mood is trained along and dropped: contrast alone starts slowly, as its targets move.
    head = torch.nn.Linear(shape.hidden, int(corpus.labels.max()) + 1)
    rest += list(head.parameters())
    groups = [{"params": rest, "lr": rate}, {"params": [model.token.weight], "lr": EMBEDDING_RATE, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.05, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda i: min(1, (i + 1) / 50) * (0.02 + 0.98 * (1 + math.cos(math.pi * i / steps)) / 2)
    )
    taught = teach(teacher, corpus) if teacher else None
    start, step = time.monotonic(), 0
    for step, index in zip(range(steps), batches(corpus, rng), strict=False):
        ids, mask = pad([corpus.rows[i] for i in index])
        few = torch.randperm(len(corpus.adjective_labels))[:ADJECTIVES]
        raw_anchors = model.pool(hide(ids, mask), mask)
        raw_targets = model.pool(corpus.adjectives[0][few], corpus.adjectives[1][few])
        anchors, targets = F.normalize(raw_anchors, dim=-1), F.normalize(raw_targets, dim=-1)
        labels, marks = corpus.labels[index], corpus.adjective_labels[few]
        to_targets, to_anchors = anchors @ targets.T, anchors @ anchors.T
        self_pair = torch.eye(len(index), dtype=torch.bool)
        loss = positives(to_targets, labels[:, None] == marks) + positives(
            to_anchors, labels[:, None] == labels, self_pair
        )
        loss = loss + F.cross_entropy(head(raw_anchors), labels) + F.cross_entropy(head(raw_targets), marks)
        if taught:
            sentences, adjectives = taught[0][index], taught[1][few]
            loss = loss + distance(to_targets, sentences @ adjectives.T)
            loss = loss + distance(to_anchors.masked_fill(self_pair, -1), (sentences @ sentences.T).masked_fill(self_pair, -1))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"encoder hidden {shape.hidden} step {step} loss {loss.item():.3f} {time.monotonic() - start:.0f} s", flush=True)
    return model.eval()


@torch.no_grad()
def teach(teacher: Encoder, corpus: Corpus) -> tuple[Tensor, Tensor]:
    """The teacher's vectors of the whole pool and of the adjectives, computed once."""
    chunks = [teacher.embed(*pad(corpus.rows[i : i + 256])) for i in range(0, len(corpus.rows), 256)]
    return torch.cat(chunks), teacher.embed(*corpus.adjectives)


def main() -> None:
    torch.set_num_threads(THREADS)
    WORK.mkdir(exist_ok=True)
    moods, frames = read_moods(), read_frames()
    pool = training_pool(moods, frames, PER_MOOD, SEED)
    tokenizer = Tokenizer.from_file(str(ENCODER / "tokenizer.json"))
    corpus = Corpus(tokenizer, moods, pool)
    for name in sys.argv[1:] or RECIPES:
        recipe, start, cpu = RECIPES[name], time.monotonic(), time.process_time()
        teacher = load("teacher") if name == "student" else None
        model = train(recipe.shape, corpus, recipe.steps, recipe.rate, SEED, teacher)
        torch.save({"weights": model.state_dict(), "seconds": time.monotonic() - start, "cpu_seconds": time.process_time() - cpu}, WORK / f"encoder-{name}.pt")


if __name__ == "__main__":
    main()
