"""The training side of a HybridPipeline: its twin in PyTorch, trained, exported, compared with the engine.

    pip install torch safetensors ossicle
    python hybrid_pytorch_twin.py [hybrid.safetensors]

`HybridTwin` has the arguments of `ossicle.HybridPipeline` and its weights have the same names, so
`pipeline.load_state_dict(twin.state_dict())` works, and so does a safetensors file that holds them.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

try:
    import torch
    from safetensors.torch import save_file
    from torch import Tensor, nn
except ImportError as error:
    raise SystemExit(f"this example trains in PyTorch ({error}): pip install torch safetensors") from None


class HybridTwin(nn.Module):
    """Conv1d stages down, an LSTM over the steps, ConvTranspose1d stages up."""

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int | None = None,
        channels: Sequence[int] = (32, 64, 128),
        kernel_size: int = 8,
        stride: int = 4,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        activation: str = "ReLU",
        skip_connections: bool = False,
        projection: bool = True,
    ) -> None:
        super().__init__()
        out_channels = in_channels if out_channels is None else out_channels
        self.config = {
            "in_channels": in_channels,
            "out_channels": out_channels,
            "channels": list(channels),
            "kernel_size": kernel_size,
            "stride": stride,
            "hidden_size": hidden_size,
            "num_layers": num_layers,
            "bidirectional": bidirectional,
            "activation": activation,
            "skip_connections": skip_connections,
            "projection": projection,
        }
        # A length that the strides divide is divided and multiplied exactly.
        padding, output_padding = (kernel_size - stride + 1) // 2, (kernel_size - stride) % 2
        last, features = channels[-1], hidden_size * (2 if bidirectional else 1)
        down = [in_channels, *channels]
        up = [last if projection else features, *channels[-2::-1], out_channels]
        self.encoder = nn.ModuleList(nn.Conv1d(a, b, kernel_size, stride, padding) for a, b in pairwise(down))
        self.bottleneck = nn.LSTM(
            last, hidden_size, num_layers, batch_first=True, bidirectional=bidirectional
        )
        if projection:
            self.projection = nn.Linear(features, last)
        self.decoder = nn.ModuleList(
            nn.ConvTranspose1d(a, b, kernel_size, stride, padding, output_padding) for a, b in pairwise(up)
        )
        self.activation = getattr(nn, activation)()
        self.total_stride = stride ** len(channels)

    def forward(self, x: Tensor) -> Tensor:
        """`[batch, in_channels, frames]` to `[batch, out_channels, frames]`."""
        frames = x.shape[-1]
        x = nn.functional.pad(x, (0, -frames % self.total_stride))
        skips = []
        for stage in self.encoder:
            x = self.activation(stage(x))
            skips.append(x)
        x = self.bottleneck(x.transpose(1, 2))[0]
        if self.config["projection"]:
            x = self.projection(x)
        x = x.transpose(1, 2)
        for index, stage in enumerate(self.decoder):
            if self.config["skip_connections"]:
                x = x + skips.pop()
            x = stage(x)
            if index < len(self.decoder) - 1:
                x = self.activation(x)
        return x[..., :frames]

    def export(self, path: str, **extra: Any) -> None:
        """Weights and configuration in one file; `extra` may be `input_length` and `sample_rate`."""
        weights = {name: value.detach().float().contiguous() for name, value in self.state_dict().items()}
        save_file(weights, path, {"format": "ossicle.hybrid", "config": json.dumps({**self.config, **extra})})


def train(twin: HybridTwin, steps: int, frames: int) -> float:
    """Learns to take noise off decaying tones; the loss of the last step."""
    optimizer = torch.optim.Adam(twin.parameters(), lr=2e-3)
    time = torch.arange(frames) / 16000
    loss = torch.tensor(math.inf)
    for _ in range(steps):
        pitch = 110 * 2 ** (torch.rand(8, 1, 1) * 3)
        tone = torch.exp(-6 * time) * torch.sin(2 * math.pi * pitch * time)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(twin(tone + 0.1 * torch.randn_like(tone)), tone)
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def main() -> None:
    """Trains for a moment, exports, and requires that engine and PyTorch agree."""
    import numpy as np
    import ossicle

    path = sys.argv[1] if len(sys.argv) > 1 else "hybrid.safetensors"
    torch.manual_seed(1)
    twin = HybridTwin(channels=(16, 24, 32), hidden_size=48, activation="ELU", skip_connections=True)
    print(f"trained, loss {train(twin, steps=30, frames=2048):.4f}")
    twin.eval().export(path, input_length=2048, sample_rate=16000)

    pipeline = ossicle.HybridPipeline.load(path)
    print(pipeline.summary())
    for frames in (2048, 2047, 10_001):
        x = torch.randn(2, 1, frames)
        with torch.no_grad():
            wanted = twin(x).numpy()
        worst = float(np.abs(pipeline(x.numpy()) - wanted).max())
        print(f"{frames} frames: largest difference from PyTorch {worst:.2g}")
        if worst > 1e-5:
            raise SystemExit("engine and PyTorch differ")


if __name__ == "__main__":
    main()
