"""The model card, from the figures that export measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_card(path: Path, figures: dict[str, Any]) -> None:
    rows = "\n".join(f"| {name} | {of['test']:.3f} | {of['dev']:.3f} |" for name, of in figures["accuracy"].items())
    others = ", ".join(f"{name} {value:.3f}" for name, value in figures["baselines"].items())
    files = "\n".join(f"| `{name}` | {size:,} |" for name, size in figures["bytes"].items())
    counts = figures["counts"]
    path.write_text(f"""# image-digits

Reads one handwritten digit in a small grey image: a convolution network of {figures['parameters']:,} parameters to measure image requests with. Trained by `tools/train/digits` on the digits that scikit-learn bundles.

Input `image`, float32 [batch, 1, 16, 16], brightness from 0 (dark) to 1; output `scores`, float32 [batch, 10], which add up to 1. `labels.json` has the names of the ten. The first operator evens out brightness and contrast of each image, so bright on dark and dark on bright are both read. An image of another size is shrunk by area average, its proportions kept.

## Quality

Accuracy on {counts['test']} test images that nothing was chosen on, and on {counts['dev']} dev images, on which the recipe was; trained on {counts['train']}.

| Images | Test | Dev |
| --- | --- | --- |
{rows}

On the same test images as they are: {others}; both see the 8 × 8 pixels in place and know nothing of the other rows.

With {counts['test']} images the standard error of a figure near 0.98 is about 0.008.

## Limits

It knows digits as 13 people wrote them on forms in the 1990s, 8 × 8 pixels each. The same people wrote the training and the test images, so a stranger's digits are read less well than the table says. Typed digits, several digits, a digit that is much smaller than half of its image, and photographs with shadows were not trained and not tested. It has no answer for "no digit": every image gets scores that add up to 1.

## Data

Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository (1998), https://doi.org/10.24432/C50P49, licence CC BY 4.0; the 1,797 images that scikit-learn ships. Changed by this training: scaled, moved, turned, sheared, thickened, inverted, with noise.

## Training

{figures['cpu_seconds']} CPU seconds on one core, seeded. ONNX and torch differ by at most {figures['difference']:.1e}.

## Files

| File | Bytes |
| --- | --- |
{files}
""", encoding="utf-8")
