"""Writes the model directories: graphs in fp32 and int8, tokenizers, configurations and lists."""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from .encoder_graph import encoder_graph
from .encoder_model import STUDENT
from .lists import read_animals, read_moods
from .lm_graph import lm_graph
from .lm_model import LmShape
from .paths import ENCODER, LM, WORK
from .vocabulary import MAX_SENTENCE_TOKENS

# Takes the text of each user message as a mood; the reply begins with the nickname.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}mood: {{ message['content'] }}\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}nickname:{% endif %}"
)


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def weights_of(name: str) -> dict[str, Any]:
    return {key: value.numpy() for key, value in torch.load(WORK / f"{name}.pt")["weights"].items()}


def quantise(model: onnx.ModelProto, target: Path) -> None:
    """Dynamic int8: weights per tensor, activations at run time."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "model.onnx"
        onnx.save(model, source)
        # Positions and rotary tables stay fp32: they are small, and every sentence needs them exactly.
        logging.getLogger().setLevel(logging.ERROR)
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gather"], nodes_to_exclude=small_gathers(model))
    # The quantiser's own stamp and shape annotations are not needed to run.
    result = onnx.load(target)
    del result.graph.value_info[:]
    onnx.save(result, target)


def small_gathers(model: onnx.ModelProto) -> list[str]:
    return [node.name for node in model.graph.node if node.op_type == "Gather" and node.input[0] != "token.weight"]


def export_encoder() -> None:
    ENCODER.mkdir(parents=True, exist_ok=True)
    model = encoder_graph(weights_of("encoder-student"), STUDENT)
    onnx.save(model, ENCODER / "model.onnx")
    quantise(model, ENCODER / "model_int8.onnx")
    write_json(ENCODER / "config.json", {
        "model_type": "bert",
        "architectures": ["NicknameEncoder"],
        "vocab_size": STUDENT.vocabulary,
        "hidden_size": STUDENT.hidden,
        "num_hidden_layers": STUDENT.layers,
        "num_attention_heads": STUDENT.heads,
        "intermediate_size": STUDENT.inner,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
        "max_position_embeddings": STUDENT.positions,
        "pad_token_id": 0,
    })
    write_json(ENCODER / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "do_lower_case": True,
        "strip_accents": True,
        "model_max_length": MAX_SENTENCE_TOKENS,
        "padding_side": "right",
        "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
    })
    write_json(ENCODER / "sentence_bert_config.json", {"max_seq_length": MAX_SENTENCE_TOKENS, "do_lower_case": False})
    write_json(ENCODER / "modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ])
    write_json(ENCODER / "1_Pooling" / "config.json", {
        "word_embedding_dimension": STUDENT.hidden,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    })
    write_lines(ENCODER / "adjectives.json", [
        {"id": adjective[0], "en": adjective[1], "ko": adjective[2], "mood": mood.id}
        for mood in read_moods() for adjective in mood.adjectives
    ])
    write_lines(ENCODER / "animals.json", [{"id": i, "en": en, "ko": ko} for i, en, ko in read_animals()])


def write_lines(path: Path, rows: list[dict[str, str]]) -> None:
    """A JSON array with a row a line."""
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def export_lm() -> None:
    LM.mkdir(parents=True, exist_ok=True)
    shape, weights = LmShape(), weights_of("lm")
    onnx.save(lm_graph(weights, shape), LM / "model.onnx")
    quantise(lm_graph(weights, shape, own_head=True), LM / "model_int8.onnx")
    tokens = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    write_json(LM / "config.json", {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.head,
        "intermediate_size": shape.inner,
        "hidden_act": "silu",
        "rms_norm_eps": shape.epsilon,
        "rope_theta": shape.theta,
        "max_position_embeddings": shape.positions,
        "tie_word_embeddings": True,
        "use_cache": True,
        **tokens,
    })
    write_json(LM / "generation_config.json", {**tokens, "do_sample": False, "max_new_tokens": 160})
    write_json(LM / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": shape.positions,
        "add_bos_token": True,
        "clean_up_tokenization_spaces": False,
        "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>",
        "chat_template": CHAT_TEMPLATE,
    })


if __name__ == "__main__":
    export_encoder()
    export_lm()
