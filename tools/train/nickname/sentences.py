"""Mood sentences: the training pool, and the evaluation set of held-out cues in held-out wrappers."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .lists import LANGUAGES, Mood, expand


@dataclass(frozen=True)
class Sentence:
    text: str
    lang: str
    mood: str
    split: str


def wrap(frame: str, cue: str) -> str:
    return frame.replace("{}", cue)


def training_sentence(rng: random.Random, mood: Mood, lang: str, frames: dict[str, tuple[str, ...]]) -> str:
    """One training text of a mood: a wrapped cue, two cues, or an adjective or word frame."""
    kind = rng.random()
    if kind < 0.3:
        frame = rng.choice(frames[f"{lang}.adjective"])
        while "{w}" in frame:
            frame = frame.replace("{w}", rng.choice(mood.words[lang]), 1)
        return frame.replace("{j}", rng.choice(mood.adjectives)[1 if lang == "en" else 2])
    cue = rng.choice(expand(rng.choice(mood.cues[lang, "train"])))
    text = wrap(rng.choice(frames[f"{lang}.wrap.train"]), cue)
    if kind > 0.9:
        text += ". " + rng.choice(expand(rng.choice(mood.cues[lang, "train"])))
    elif kind > 0.8:
        text += ". " + rng.choice(frames[f"{lang}.neutral"])
    elif kind > 0.7:
        text += " " + rng.choice(mood.words[lang])
    return text


def training_pool(moods: list[Mood], frames: dict[str, tuple[str, ...]], per_mood: int, seed: int) -> list[Sentence]:
    """`per_mood` texts in each language of each mood, in an order that a batch can be cut from."""
    rng = random.Random(seed)
    pool = [
        Sentence(training_sentence(rng, mood, lang, frames), lang, mood.id, "train")
        for mood in moods
        for lang in LANGUAGES
        for _ in range(per_mood)
    ]
    rng.shuffle(pool)
    return pool


def evaluation_set(moods: list[Mood], frames: dict[str, tuple[str, ...]]) -> list[Sentence]:
    """Every dev and test cue twice: bare, and in a wrapper that training never sees."""
    rows: list[Sentence] = []
    for split in ("dev", "test"):
        for lang in LANGUAGES:
            wrappers = frames[f"{lang}.wrap.test"]
            cues = [(mood, cue) for mood in moods for cue in mood.cues[lang, split]]
            for i, (mood, cue) in enumerate(cues):
                rows.append(Sentence(cue, lang, mood.id, split))
                rows.append(Sentence(wrap(wrappers[i % len(wrappers)], cue), lang, mood.id, split))
    return rows
