"""Documents for the language model: a mood, a nickname and a short story, in one language."""

from __future__ import annotations

import random
import re

from .lists import LANGUAGES, Mood, expand, read_animals, read_frames

# Korean particles by whether the noun before them ends in a consonant.
PARTICLES = {"은": ("은", "는"), "이": ("이", "가"), "을": ("을", "를"), "의": ("의", "의"), "도": ("도", "도")}
HEADERS = {"en": ("mood", "nickname", "story"), "ko": ("기분", "별명", "이야기")}


def with_particle(noun: str, particle: str) -> str:
    """`수달`, `은` gives `수달은`; `여우`, `은` gives `여우는`."""
    closed = (ord(noun[-1]) - 0xAC00) % 28 != 0
    return noun + PARTICLES[particle][0 if closed else 1]


def fill(line: str, names: dict[str, str]) -> str:
    """Replaces `{a}` and `{a은}`; mends the English article before a vowel."""

    def replace(match: re.Match[str]) -> str:
        noun = names[match[1]]
        return with_particle(noun, match[2]) if match[2] else noun

    text = re.sub(r"\{([abnp])([가-힣]?)\}", replace, line)
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def document(
    rng: random.Random,
    mood: Mood,
    lang: str,
    split: str,
    animals: list[tuple[str, str, str]],
    frames: dict[str, tuple[str, ...]],
) -> str:
    """One document of three lines; the story has four to six sentences."""
    column = 1 if lang == "en" else 2
    cue = rng.choice(expand(rng.choice(mood.cues[lang, split])))
    wrappers = frames[f"{lang}.wrap.train"]
    sentence = rng.choice(wrappers).replace("{}", cue)
    adjective = rng.choice(mood.adjectives)[column]
    first, second = (animal[column] for animal in rng.sample(animals, 2))
    nickname = f"{adjective} {first}"
    names = {"a": first, "b": second, "n": nickname, "p": rng.choice(frames[f"{lang}.place"])}
    tone = "low" if mood.tone == "low" else "high"
    lines = [rng.choice(frames[f"{lang}.opening"])]
    order = sorted(rng.sample(range(len(mood.story[lang])), rng.choice((2, 2, 3))))
    lines += [mood.story[lang][i] for i in order]
    lines.append(rng.choice(frames[f"{lang}.helper.{tone}"]))
    if rng.random() < 0.8:
        lines.append(rng.choice(frames[f"{lang}.ending.{tone}"]))
    story = " ".join(fill(line, names) for line in lines)
    # A caller may write Korean under English headers: the story follows the language of the mood.
    headers = HEADERS["en" if rng.random() < 0.4 else lang]
    body = capitalise(sentence) if rng.random() < 0.5 else sentence
    return f"{headers[0]}: {body}{'.' if rng.random() < 0.3 else ''}\n{headers[1]}: {nickname}\n{headers[2]}: {story}"


def documents(moods: list[Mood], split: str, count: int, seed: int) -> list[str]:
    """`count` documents whose mood sentences come from one split."""
    rng, animals, frames = random.Random(seed), read_animals(), read_frames()
    return [document(rng, rng.choice(moods), rng.choice(LANGUAGES), split, animals, frames) for _ in range(count)]
