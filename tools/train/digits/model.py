"""The network."""

from __future__ import annotations

from torch import Tensor, nn

CHANNELS = (16, 32, 64)


class DigitNet(nn.Module):
    """Three convolutions with pooling between them. Grey in [0, 1], shape [n, 1, 16, 16], to logits [n, 10]."""

    def __init__(self) -> None:
        super().__init__()
        # Each image by its own mean and spread: brightness and contrast of a photograph say nothing.
        self.even = nn.InstanceNorm2d(1, eps=1e-3)
        sizes = [1, *CHANNELS]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1, bias=False) for before, after in zip(sizes, CHANNELS, strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in CHANNELS)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.2)
        # What a stroke means depends on where it is: the last 4 by 4 places are kept apart.
        self.gather = nn.Conv2d(CHANNELS[-1], 32, 4, bias=True)
        self.head = nn.Linear(32, 10)

    def forward(self, images: Tensor) -> Tensor:
        at = self.even(images)
        for index, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            at = norm(convolution(at)).relu()
            if index < 2:
                at = self.pool(at)
        return self.head(self.drop(self.gather(at).relu().flatten(1)))
