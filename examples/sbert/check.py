"""Compares an exported directory with sentence-transformers' own vectors in fixtures/reference.json.

    python check.py ./all-MiniLM-L6-v2

Runs the graph with onnxruntime on one thread, each text on its own and all of them as one padded batch.
Exit code 1 if a cosine is below 0.9999, 2 if the directory cannot be loaded.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

FIXTURE = Path(__file__).resolve().parent / "fixtures" / "reference.json"
LOWEST_COSINE = 0.9999


class Encoder:
    """A directory of export.py: texts to token vectors. Mean pooling and normalising are done here."""

    def __init__(self, directory: Path) -> None:
        sentence = json.loads((directory / "sentence_bert_config.json").read_text(encoding="utf-8"))
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        # The file has its own ideas of both: always 128 tokens.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(sentence["max_seq_length"])
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(directory / "model.onnx", options, ["CPUExecutionProvider"])
        self._inputs = {value.name for value in self._session.get_inputs()}

    def tokens(self, text: str) -> int:
        """Special ones included, cut to the model's length."""
        return len(self._tokenizer.encode(text).ids)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, float32 [texts, dimensions], padded to the longest text."""
        rows = [self._tokenizer.encode(text).ids for text in texts]
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feeds = {name: value for name, value in feeds.items() if name in self._inputs}
        vectors = self._session.run(["last_hidden_state"], feeds)[0]
        weights = mask[:, :, np.newaxis].astype(np.float32)
        mean = (vectors * weights).sum(axis=1) / weights.sum(axis=1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares an exported model with sentence-transformers.")
    parser.add_argument("directory", type=Path, help="what export.py wrote, with mean pooling")
    parser.add_argument("--speed", action="store_true", help="also measure batches of short texts")
    options = parser.parse_args()
    reference = json.loads(FIXTURE.read_text(encoding="utf-8"))
    try:
        encoder = Encoder(options.directory)
    except Exception as error:  # tokenizers raises Exception itself
        print(f"check.py: {options.directory} cannot be loaded: {error}", file=sys.stderr)
        return 2

    rows = reference["texts"]
    names = [row["name"] for row in rows]
    texts = [row["text"] for row in rows]
    wrong = [row["name"] for row in rows if encoder.tokens(row["text"]) != row["tokens"]]
    expected = np.array([row["embedding"] for row in rows], np.float32)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    batch = encoder.encode(texts)

    if wrong:
        print(f"other numbers of tokens than sentence-transformers: {', '.join(wrong)}")
    passed = not wrong
    passed &= report("each text alone, to sentence-transformers", names, cosines(alone, expected))
    passed &= report("one padded batch, to sentence-transformers", names, cosines(batch, expected))
    passed &= report("one padded batch, to each text alone", names, cosines(batch, alone))
    if options.speed:
        measure(encoder)
    return 0 if passed else 1


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of each row of `a` with the same row of `b`: float64 [rows]. In float32 rounding would hide what is measured."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


def report(what: str, names: Sequence[str], values: np.ndarray) -> bool:
    """Prints the lowest cosine. False if it is too low, or not a number."""
    lowest = int(np.argmin(values))
    print(f"min cosine {values[lowest]:.14f}  {what} ({len(values)} texts; lowest: {names[lowest]})")
    return bool(values[lowest] >= LOWEST_COSINE)


def measure(encoder: Encoder) -> None:
    """Prints texts a second and CPU time a text, tokenizing included, the best of 7 rounds."""
    text = "Every millisecond of an inference request is accounted for."
    for size in (1, 8, 32):
        rounds = max(1, 64 // size)
        wall, cpu = float("inf"), float("inf")
        for _ in range(7):
            started = time.perf_counter(), time.process_time()
            for _ in range(rounds):
                encoder.encode([text] * size)
            wall = min(wall, time.perf_counter() - started[0])
            cpu = min(cpu, time.process_time() - started[1])
        count = rounds * size
        print(f"batch {size:>2}: {count / wall:6.0f} texts/s, {cpu / count * 1e3:.2f} ms CPU a text (one thread)")


if __name__ == "__main__":
    sys.exit(main())
