"""Runs the shipped files with onnxruntime, numpy and tokenizers: what the checks need, and no torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from .lists import LANGUAGES

FILES = {"fp32": "model.onnx", "int8": "model_int8.onnx"}


def session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class SentenceEncoder:
    """Sentences to vectors of length one, as the server computes them."""

    def __init__(self, folder: Path, precision: str) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.session = session(folder / FILES[precision])

    def batch(self, texts: list[str]) -> np.ndarray:
        """One padded run, [texts, hidden]."""
        rows = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        longest = max(map(len, rows))
        ids = np.array([row + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
        states = self.session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask})[0]
        vectors = (states * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def embed(self, texts: list[str]) -> np.ndarray:
        """Each text in a run of its own: int8 activations are scaled per run, so company changes them."""
        return np.concatenate([self.batch([text]) for text in texts])


def recall_at_5(ranked: list[list[str]], moods: list[str]) -> float:
    """Mean over sentences of |five nearest and gold| / min(5, |gold|).

    Gold is the set of adjectives of the sentence's mood, six each, so the divisor is 5.
    `ranked` holds the moods of the nearest adjectives, nearest first.
    """
    return float(np.mean([ranks[:5].count(mood) / 5 for ranks, mood in zip(ranked, moods, strict=True)]))


def read_json(path: Path) -> list[dict[str, str]]:
    return json.loads(path.read_text(encoding="utf-8"))


def encoder_recall(encoder: SentenceEncoder, folder: Path, evaluation: Path, split: str = "test") -> dict[str, float]:
    """Recall@5 by language; `en_to_ko` ranks the Korean forms for an English sentence."""
    adjectives = read_json(folder / "adjectives.json")
    rows = [row for row in read_json(evaluation) if row["split"] == split]
    forms = {lang: encoder.embed([a[lang] for a in adjectives]) for lang in LANGUAGES}
    scores: dict[str, float] = {}
    for lang in LANGUAGES:
        chosen = [row for row in rows if row["lang"] == lang]
        vectors = encoder.embed([row["text"] for row in chosen])
        for target in LANGUAGES:
            nearest = np.argsort(-(vectors @ forms[target].T), axis=1, kind="stable")[:, :5]
            ranked = [[adjectives[i]["mood"] for i in row] for row in nearest]
            key = lang if lang == target else f"{lang}_to_{target}"
            scores[key] = round(recall_at_5(ranked, [row["mood"] for row in chosen]), 4)
    return scores


class Decoder:
    """The language model with its cache, greedy."""

    def __init__(self, folder: Path, precision: str) -> None:
        config = json.loads((folder / "config.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.session = session(folder / FILES[precision])
        self.layers, self.heads, self.size = (
            config[key] for key in ("num_hidden_layers", "num_key_value_heads", "head_dim")
        )
        self.limit, self.eos = config["max_position_embeddings"], config["eos_token_id"]
        self.names = [f"{i}.{part}" for i in range(self.layers) for part in ("key", "value")]

    def empty(self, batch: int) -> list[np.ndarray]:
        return [np.zeros((batch, self.heads, 0, self.size), dtype=np.float32) for _ in self.names]

    def run(self, ids: np.ndarray, mask: np.ndarray, positions: np.ndarray, past: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Logits [batch, sequence, vocabulary] and the grown cache."""
        feeds = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
        feeds |= {f"past_key_values.{name}": value for name, value in zip(self.names, past, strict=True)}
        logits, *present = self.session.run(["logits", *(f"present.{name}" for name in self.names)], feeds)
        return logits, present

    def full(self, ids: list[int]) -> np.ndarray:
        """Logits of one row in one forward, [sequence, vocabulary]."""
        row = np.array([ids], dtype=np.int64)
        return self.run(row, np.ones_like(row), np.arange(len(ids), dtype=np.int64)[None], self.empty(1))[0][0]

    def generate(self, prompt: str, limit: int = 160) -> tuple[str, int]:
        """The greedy completion and its tokens."""
        ids = self.tokenizer.encode(prompt).ids
        logits, past = self.run(
            np.array([ids]), np.ones((1, len(ids)), dtype=np.int64), np.arange(len(ids))[None], self.empty(1)
        )
        made: list[int] = []
        while len(made) < limit and len(ids) + len(made) < self.limit:
            token = int(logits[0, -1].argmax())
            if token == self.eos:
                break
            made.append(token)
            at = len(ids) + len(made)
            logits, past = self.run(np.array([[token]]), np.ones((1, at), dtype=np.int64), np.array([[at - 1]]), past)
        return self.tokenizer.decode(made), len(made)
