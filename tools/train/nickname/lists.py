"""The hand-written lists: moods, animals and frames, read from tools/train/data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
LANGUAGES = ("en", "ko")
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Mood:
    """One mood: its adjectives as (id, en, ko), and per language its words, cues per split and story lines."""

    id: str
    tone: str
    adjectives: tuple[tuple[str, str, str], ...]
    words: dict[str, tuple[str, ...]]
    cues: dict[tuple[str, str], tuple[str, ...]]
    story: dict[str, tuple[str, ...]]


def expand(cue: str) -> tuple[str, ...]:
    """All sentences of a cue: `I [ran|walked] home` gives two, in the order written."""
    parts = [part.split("|") for part in re.split(r"[\[\]]", cue)]
    # The parts outside brackets hold no bar, so they have exactly one alternative.
    return tuple(re.sub(r"\s+", " ", "".join(choice)).strip() for choice in product(*parts))


def read_mood(path: Path) -> Mood:
    """One mood file: `key: value` lines, then section headers such as `en.train`, one sentence a line."""
    fields: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    section: list[str] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        header = re.fullmatch(r"(en|ko)\.(train|dev|test|story)", line)
        field = re.fullmatch(r"(tone|adjectives|en\.words|ko\.words): (.+)", line)
        if header:
            section = sections.setdefault(line, [])
        elif field and section is None:
            fields[field[1]] = field[2]
        elif line:
            if section is None:
                raise ValueError(f"{path.name}: expected a field, got {line!r}")
            section.append(line)
    adjectives = tuple(
        (en, en.replace("-", " "), ko) for en, ko in (pair.split("=") for pair in fields["adjectives"].split(", "))
    )
    return Mood(
        id=path.stem,
        tone=fields["tone"],
        adjectives=adjectives,
        words={lang: tuple(fields[f"{lang}.words"].split(", ")) for lang in LANGUAGES},
        cues={(lang, split): tuple(sections[f"{lang}.{split}"]) for lang in LANGUAGES for split in SPLITS},
        story={lang: tuple(sections[f"{lang}.story"]) for lang in LANGUAGES},
    )


def read_moods() -> list[Mood]:
    """All moods, by id.

    Raises ValueError if an adjective appears twice in a language: gold sets would overlap.
    """
    moods = [read_mood(path) for path in sorted((DATA / "moods").glob("*.txt"))]
    for column in range(3):
        seen = [adjective[column] for mood in moods for adjective in mood.adjectives]
        twice = sorted({form for form in seen if seen.count(form) > 1})
        if twice:
            raise ValueError(f"adjectives must be unique, got twice: {twice}")
    return moods


def read_animals() -> list[tuple[str, str, str]]:
    """Animals as (id, en, ko)."""
    lines = (DATA / "animals.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=") for line in lines if line and not line.startswith("#"))
    return [(en.replace(" ", "-"), en, ko) for en, ko in pairs]


def read_frames() -> dict[str, tuple[str, ...]]:
    """Frames by section name, e.g. `en.wrap.train`."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (DATA / "frames.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            sections[name] = []
        elif line and not line.startswith("#"):
            sections[name].append(line)
    return {key: tuple(value) for key, value in sections.items()}
