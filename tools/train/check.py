"""Checks the shipped models with onnxruntime, tokenizers and numpy; prints one line of JSON, exits 1 on a failure."""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from nickname.paths import ENCODER, EVALUATION, LM, MODELS
from nickname.runtime import FILES, Decoder, SentenceEncoder, encoder_recall, read_json

# A floor a few points under the figures of the model card: other CPUs round int8 differently.
RECALL_FLOOR = 0.6
PADDING_LIMIT = 1e-5
CACHE_LIMIT = 1e-4
SIZE_LIMIT = 16 * 1024 * 1024
PROMPT = "mood: I could not sleep at all last night\nnickname:"


def padding_difference(encoder: SentenceEncoder) -> float:
    """Largest difference between a sentence's vector alone and in a batch of 16 of all lengths."""
    texts = [row["text"] for row in read_json(EVALUATION)[::9]] + ["a", "나", "🥱 " * 90]
    alone = encoder.embed(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    batches = [order[i : i + 16] for i in range(0, len(order), 16)]
    return max(float(np.abs(encoder.batch([texts[i] for i in batch]) - alone[batch]).max()) for batch in batches)


def cache_difference(decoder: Decoder, side: str = "") -> float:
    """Largest difference of logits between prefill plus token-by-token decode and one full forward.

    With a side, the row is decoded in a batch with a longer one, padded on that side.
    """
    ids = decoder.tokenizer.encode(PROMPT + " sleepy otter\nstory: Once there was a 수달 🦦.").ids
    full, start, pad = decoder.full(ids), 9, 6 if side else 0
    rows = [[0] * pad + ids[:start] if side == "left" else ids[:start] + [0] * pad]
    mask = [[0] * pad + [1] * start if side == "left" else [1] * start + [0] * pad]
    if side:
        rows.append(ids[: start + pad])
        mask.append([1] * (start + pad))
    mask_array = np.array(mask, dtype=np.int64)
    positions = np.maximum(mask_array.cumsum(1) - 1, 0)
    logits, past = decoder.run(np.array(rows, dtype=np.int64), mask_array, positions, decoder.empty(len(rows)))
    first = pad if side == "left" else 0
    worst = float(np.abs(logits[0, first : first + start] - full[:start]).max())
    for at in range(start, len(ids)):
        mask_array = np.concatenate([mask_array, np.ones((len(rows), 1), dtype=np.int64)], axis=1)
        positions = mask_array.sum(1, keepdims=True) - 1
        logits, past = decoder.run(np.full((len(rows), 1), ids[at], dtype=np.int64), mask_array, positions, past)
        worst = max(worst, float(np.abs(logits[0, -1] - full[at]).max()))
    return worst


def main() -> int:
    start = time.monotonic()
    encoders = {precision: SentenceEncoder(ENCODER, precision) for precision in FILES}
    decoders = {precision: Decoder(LM, precision) for precision in FILES}
    recall = {precision: encoder_recall(encoder, ENCODER, EVALUATION) for precision, encoder in encoders.items()}
    padding = {precision: padding_difference(encoder) for precision, encoder in encoders.items()}
    cache = {side or "none": cache_difference(decoders["fp32"], side) for side in ("", "left", "right")}
    generated = {precision: decoder.generate(PROMPT) for precision, decoder in decoders.items()}
    size = sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file())
    checks = {
        "recall": all(recall[p][lang] >= RECALL_FLOOR for p in FILES for lang in ("en", "ko")),
        "padding": padding["fp32"] < PADDING_LIMIT,
        "cache": max(cache.values()) < CACHE_LIMIT,
        "stream": all(30 <= count <= 160 for _, count in generated.values()),
        "size": size <= SIZE_LIMIT,
    }
    print(json.dumps({
        "ok": all(checks.values()), "checks": checks, "recall_at_5": recall, "padding_difference": padding,
        "cache_difference": cache, "streamed_tokens": {p: count for p, (_, count) in generated.items()},
        "bytes": size, "seconds": round(time.monotonic() - start, 1),
    }))
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
