"""Measures everything the model cards report, and writes the evaluation set and the cards."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from .baselines import baseline_recall, unigram_perplexity
from .card import encoder_card, lm_card
from .encoder import PER_MOOD, RECIPES, load, pad
from .encoder_graph import encoder_graph
from .export import write_lines
from .lists import read_frames, read_moods
from .lm import DOCUMENTS, EOS
from .lm_model import LanguageModel, LmShape
from .paths import ENCODER, EVALUATION, LM, SEED, THREADS, WORK
from .runtime import FILES, Decoder, SentenceEncoder, encoder_recall, session
from .sentences import evaluation_set, training_pool
from .stories import HEADERS, documents
from .vocabulary import LM_VOCABULARY

PROMPTS = (
    "mood: I could not sleep at all last night\nnickname:",
    "기분: 어젯밤에 한숨도 못 잤어\n별명:",
    "mood: tomorrow we leave for the sea and I packed my bag already\nnickname:",
    "기분: 친구가 나를 도와줘서 마음이 뭉클했어\n별명:",
)


class TorchEncoder(SentenceEncoder):
    """An encoder that is not shipped, measured through the same graph."""

    def __init__(self, name: str) -> None:
        model, path = load(name), WORK / f"{name}.onnx"
        onnx.save(encoder_graph({k: v.numpy() for k, v in model.state_dict().items()}, RECIPES[name].shape), path)
        self.tokenizer = SentenceEncoder(ENCODER, "fp32").tokenizer
        self.session = session(path)


def seconds(name: str) -> dict[str, float]:
    saved = torch.load(WORK / f"{name}.pt")
    return {"seconds": round(saved["seconds"]), "cpu_seconds": round(saved["cpu_seconds"])}


@torch.no_grad()
def encoder_figures() -> dict[str, Any]:
    moods, frames = read_moods(), read_frames()
    rows = evaluation_set(moods, frames)
    write_lines(EVALUATION, [vars(row) for row in rows])
    figures: dict[str, Any] = {"recall_at_5": {}, "dev_recall_at_5": {}, "parameters": {}}
    variants = {name: TorchEncoder(name) for name in ("teacher", "alone")}
    variants |= {f"student_{precision}": SentenceEncoder(ENCODER, precision) for precision in FILES}
    for name, encoder in variants.items():
        figures["recall_at_5"][name] = encoder_recall(encoder, ENCODER, EVALUATION)
        figures["dev_recall_at_5"][name] = encoder_recall(encoder, ENCODER, EVALUATION, "dev")
    pool = training_pool(moods, frames, PER_MOOD, SEED)
    figures["recall_at_5"] |= baseline_recall(moods, pool, [row for row in rows if row.split == "test"])
    figures["times"] = {name: seconds(f"encoder-{name}") for name in RECIPES}
    figures["parameters"] = {name: sum(p.numel() for p in load(name).parameters()) for name in RECIPES}
    student, texts = load("student"), [row.text for row in rows[:64]]
    ids = [encoding.ids for encoding in variants["student_fp32"].tokenizer.encode_batch(texts)]
    figures["onnx_torch_max_difference"] = float(
        np.abs(student.embed(*pad(ids)).numpy() - variants["student_fp32"].batch(texts)).max()
    )
    return figures


def perplexity(decoder: Decoder, rows: list[list[int]]) -> float:
    """A token, over all tokens after <bos>."""
    total, count = 0.0, 0
    for row in rows:
        logits = decoder.full(row[:-1]).astype(np.float64)
        logits -= logits.max(-1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        total -= logs[np.arange(len(row) - 1), row[1:]].sum()
        count += len(row) - 1
    return math.exp(total / count)


def nickname_fit(decoder: Decoder) -> dict[str, float]:
    """Share of bare test cues whose greedy nickname begins with an adjective of the cue's mood, by language."""
    shares: dict[str, float] = {}
    for lang, (header, _, _), second in (("en", HEADERS["en"], 1), ("ko", HEADERS["ko"], 2)):
        hits = [
            decoder.generate(f"{header}: {cue}\n{HEADERS[lang][1]}:", 10)[0].strip().startswith(tuple(a[second] for a in mood.adjectives))
            for mood in read_moods()
            for cue in mood.cues[lang, "test"]
        ]
        shares[lang] = round(sum(hits) / len(hits), 3)
    return shares


@torch.no_grad()
def lm_figures() -> dict[str, Any]:
    moods = read_moods()
    decoders = {precision: Decoder(LM, precision) for precision in FILES}
    tokenizer = decoders["fp32"].tokenizer
    train, held = (
        [encoding.ids + [EOS] for encoding in tokenizer.encode_batch(documents(moods, split, count, seed))]
        for split, count, seed in (("train", DOCUMENTS, SEED), ("test", 200, SEED + 1))
    )
    model = LanguageModel(LmShape())
    model.load_state_dict(torch.load(WORK / "lm.pt")["weights"])
    row = held[0][:-1]
    difference = np.abs(model.eval()(torch.tensor([row]))[0].numpy() - decoders["fp32"].full(row)).max()
    return {
        "perplexity": {
            **{precision: round(perplexity(decoder, held), 3) for precision, decoder in decoders.items()},
            "unigram": round(unigram_perplexity([r[1:] for r in train], [r[1:] for r in held], LM_VOCABULARY), 1),
        },
        "nickname_fit": nickname_fit(decoders["fp32"]),
        "samples": [{"prompt": prompt, "completion": text, "tokens": count}
                    for prompt in PROMPTS for text, count in [decoders["fp32"].generate(prompt)]],
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens_a_document": round(sum(map(len, train)) / len(train)),
        "longest_document": max(map(len, train)),
        "onnx_torch_max_difference": float(difference),
        "times": seconds("lm"),
    }


def sizes(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}


def main() -> None:
    torch.set_num_threads(THREADS)
    for name, measure, folder, card in (
        ("encoder", encoder_figures, ENCODER, encoder_card), ("lm", lm_figures, LM, lm_card)
    ):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        figures = {**measure(), "bytes": sizes(folder)}
        (WORK / f"figures-{name}.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1))
        (folder / "MODEL_CARD.md").write_text(card(figures), encoding="utf-8")
        print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
