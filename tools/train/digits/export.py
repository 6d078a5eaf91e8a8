"""Writes the model's directory and the held-out images, and measures: `python -m digits.export`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from .card import write_card
from .data import SEED, SIDE, Split, read_splits, views
from .graph import digit_graph
from .model import DigitNet
from .train import WORK

HERE = Path(__file__).parent
TARGET = HERE.parents[2] / "packages/server/models/image-digits"
HELD_OUT = HERE.parent / "data/digits-test.json"
# A pixel's brightness, 0 to 16, as one sign.
SIGNS = "0123456789abcdefg"


def enlarged(images: np.ndarray, mode: str) -> torch.Tensor:
    options = {} if mode == "nearest" else {"align_corners": False}
    return F.interpolate(torch.from_numpy(images)[:, None], scale_factor=8, mode=mode, **options)


def placed(images: np.ndarray) -> torch.Tensor:
    """Half as high as its frame, at each of four corners in turn."""
    large = F.interpolate(enlarged(images, "bilinear"), scale_factor=0.75, mode="area")
    frame = torch.zeros(len(images), 1, 96, 96)
    for index, image in enumerate(large[:, 0]):
        top, left = ((6, 6), (6, 42), (42, 6), (42, 42))[index % 4]
        frame[index, 0, top : top + 48, left : left + 48] = image
    return frame


def renderings(split: Split) -> dict[str, torch.Tensor]:
    """What the report looks at, shape [n, 1, side, side] each."""
    smooth = enlarged(split.images, "bilinear")
    return {
        "as they are, bright on dark": enlarged(split.images, "nearest"),
        "dark on bright": 1 - smooth,
        "low contrast, dark on bright": 0.75 - 0.25 * smooth,
        "half as high, in a corner": placed(split.images),
        "turned, sheared, moved, thickened, noisy: as in training": views(
            torch.from_numpy(split.images)[:, None], torch.Generator().manual_seed(SEED)
        ),
    }


def accuracy(session: onnxruntime.InferenceSession, images: torch.Tensor, labels: np.ndarray) -> float:
    small = F.adaptive_avg_pool2d(images, SIDE).numpy()
    (scores,) = session.run(["scores"], {"image": small})
    return float((scores.argmax(1) == labels).mean())


def baselines(train: Split, test: Split) -> dict[str, float]:
    flat = train.images.reshape(len(train.images), -1)
    models = {"nearest neighbour": KNeighborsClassifier(1), "logistic regression": LogisticRegression(max_iter=5000)}
    return {
        name: float(model.fit(flat, train.labels).score(test.images.reshape(len(test.images), -1), test.labels))
        for name, model in models.items()
    }


def main() -> None:
    torch.set_num_threads(1)
    saved = torch.load(WORK / "digits.pt")
    model = DigitNet()
    model.load_state_dict(saved["weights"])
    model.eval()
    TARGET.mkdir(parents=True, exist_ok=True)
    onnx.save(digit_graph(model), TARGET / "model.onnx")
    (TARGET / "labels.json").write_text(json.dumps([str(digit) for digit in range(10)]) + "\n")
    splits = read_splits()
    test = splits["test"]
    rows = [
        {"digit": int(label), "pixels": "".join(SIGNS[round(value * 16)] for value in image.flatten())}
        for image, label in zip(test.images, test.labels, strict=True)
    ]
    HELD_OUT.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n")
    session = onnxruntime.InferenceSession(TARGET / "model.onnx", providers=["CPUExecutionProvider"])
    sample = F.adaptive_avg_pool2d(enlarged(test.images, "bilinear"), SIDE)
    with torch.no_grad():
        theirs = model(sample).softmax(1).numpy()
    difference = float(np.abs(session.run(["scores"], {"image": sample.numpy()})[0] - theirs).max())
    write_card(TARGET / "MODEL_CARD.md", {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "bytes": {path.name: path.stat().st_size for path in (TARGET / "model.onnx", TARGET / "labels.json")},
        "counts": {name: len(split.labels) for name, split in splits.items()},
        "accuracy": {
            name: {split: accuracy(session, images, splits[split].labels) for split, images in (("dev", renderings(splits["dev"])[name]), ("test", rendered))}
            for name, rendered in renderings(test).items()
        },
        "baselines": baselines(splits["train"], test),
        "cpu_seconds": round(saved["cpu_seconds"]),
        "difference": difference,
    })


if __name__ == "__main__":
    main()
