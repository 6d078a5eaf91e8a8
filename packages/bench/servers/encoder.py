"""What all the Python servers here have in common: the model, its tokenizer and its pooling."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


class Encoder:
    """A sentence-transformers export on the CPU; may be called from several threads at a time."""

    def __init__(self, directory: Path, threads: int) -> None:
        """`threads` within an operator; 0 leaves the number to onnxruntime, which takes the cores."""
        limits = json.loads((directory / "sentence_bert_config.json").read_text(encoding="utf-8"))
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        # The file itself pads and cuts at 128.
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(limits["max_seq_length"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self.embed(["The first run of a model allocates."])

    @classmethod
    def from_environment(cls) -> Encoder:
        """MODEL_DIR, and THREADS (default 0)."""
        return cls(Path(os.environ["MODEL_DIR"]), int(os.environ.get("THREADS", "0")))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Mean over each text's tokens, scaled to length 1: float32, shape [texts, width]."""
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        values = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        tokens = self._session.run(None, {name: values[name] for name in self._inputs})[0]
        weights = mask.astype(np.float32)
        sums = np.einsum("rtw,rt->rw", tokens, weights)
        means = sums / weights.sum(axis=1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)
