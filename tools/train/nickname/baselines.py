"""What the figures are held against: a random ranking, TF-IDF centroids, token overlap, and unigrams."""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable

from .lists import LANGUAGES, Mood
from .paths import SEED
from .runtime import recall_at_5
from .sentences import Sentence


def tokens(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text.lower())


def unit(counts: dict[str, float]) -> dict[str, float]:
    norm = math.sqrt(sum(x * x for x in counts.values())) or 1.0
    return {key: x / norm for key, x in counts.items()}


class TfIdf:
    """A centroid a mood over the training pool; the nearest adjectives are those of the nearest centroids."""

    def __init__(self, pool: list[Sentence]) -> None:
        seen = Counter(token for s in pool for token in set(tokens(s.text)))
        self.idf = {token: math.log((1 + len(pool)) / (1 + n)) + 1 for token, n in seen.items()}
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for sentence in pool:
            sums[sentence.mood].update(self.vector(sentence.text))
        self.centroids = {mood: unit(sums[mood]) for mood in sorted(sums)}

    def vector(self, text: str) -> dict[str, float]:
        return unit({t: n * self.idf[t] for t, n in Counter(tokens(text)).items() if t in self.idf})

    def rank(self, text: str) -> list[str]:
        """Moods, nearest first; six adjectives each, so the first fills the top five."""
        vector = self.vector(text)
        score = {m: sum(x * c.get(t, 0.0) for t, x in vector.items()) for m, c in self.centroids.items()}
        return [mood for mood in sorted(score, key=lambda m: -score[m]) for _ in range(6)]


def adjective_overlap(moods: list[Mood], pool: list[Sentence]) -> Callable[[str, str], list[str]]:
    """Ranks single adjectives by cosine of token counts with the training texts that name them."""
    adjectives = {lang: [(a[1 if lang == "en" else 2], m.id) for m in moods for a in m.adjectives] for lang in LANGUAGES}
    vectors: dict[str, list[tuple[str, dict[str, float]]]] = {}
    for lang, forms in adjectives.items():
        texts = [s.text.lower() for s in pool if s.lang == lang]
        vectors[lang] = [
            (mood, unit(Counter(t for text in texts if form in text for t in tokens(text)))) for form, mood in forms
        ]

    def rank(text: str, lang: str) -> list[str]:
        query = unit(Counter(tokens(text)))
        score = [(-sum(x * v.get(t, 0.0) for t, x in query.items()), i) for i, (_, v) in enumerate(vectors[lang])]
        return [vectors[lang][i][0] for _, i in sorted(score)]

    return rank


def baseline_recall(moods: list[Mood], pool: list[Sentence], rows: list[Sentence]) -> dict[str, dict[str, float]]:
    """Recall@5 of every baseline, by language."""
    tfidf, overlap, rng = TfIdf(pool), adjective_overlap(moods, pool), random.Random(SEED)
    every = [mood.id for mood in moods for _ in mood.adjectives]
    rankers: dict[str, Callable[[Sentence], list[str]]] = {
        "random": lambda s: rng.sample(every, 5),
        "token_overlap": lambda s: overlap(s.text, s.lang),
        "tfidf_centroid": lambda s: tfidf.rank(s.text),
    }
    return {
        name: {
            lang: round(recall_at_5([rank(s) for s in rows if s.lang == lang], [s.mood for s in rows if s.lang == lang]), 4)
            for lang in LANGUAGES
        }
        for name, rank in rankers.items()
    }


def unigram_perplexity(train: list[list[int]], held_out: list[list[int]], vocabulary: int) -> float:
    """Perplexity a token under the training frequencies, one added to each count."""
    counts = Counter(token for row in train for token in row)
    total = sum(counts.values()) + vocabulary
    held = [token for row in held_out for token in row]
    return math.exp(-sum(math.log((counts[token] + 1) / total) for token in held) / len(held))
