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
from itertools import pairwise
from typing import Any

import numpy as np
import ossicle

try:
    import torch
    from safetensors.torch import save_file
    from torch import Tensor, nn
except ImportError as error:
    raise SystemExit(f"this example trains in PyTorch ({error}): pip install torch safetensors") from None


class HybridTwin(nn.Module):
    """Conv1d stages down, an LSTM over the steps, ConvTranspose1d stages up.

    The arguments are those of `ossicle.HybridPipeline`, which checks them and fills in the others.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__()
        self.config = config = ossicle.HybridPipeline(**arguments).config
        channels, kernel, stride = config["channels"], config["kernel_size"], config["stride"]
        hidden, both = config["hidden_size"], config["bidirectional"]
        # A length that the strides divide is divided and multiplied exactly.
        padding, output_padding = (kernel - stride + 1) // 2, (kernel - stride) % 2
        last, features = channels[-1], hidden * (2 if both else 1)
        down = [config["in_channels"], *channels]
        up = [last if config["projection"] else features, *channels[-2::-1], config["out_channels"]]
        self.encoder = nn.ModuleList(nn.Conv1d(a, b, kernel, stride, padding) for a, b in pairwise(down))
        self.bottleneck = nn.LSTM(last, hidden, config["num_layers"], batch_first=True, bidirectional=both)
        if config["projection"]:
            self.projection = nn.Linear(features, last)
        self.decoder = nn.ModuleList(
            nn.ConvTranspose1d(a, b, kernel, stride, padding, output_padding) for a, b in pairwise(up)
        )
        self.activation = getattr(nn, config["activation"])()
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

    def export(self, path: str, **changes: Any) -> None:
        """Weights and configuration in one file; `changes` may be `input_length` and `sample_rate`."""
        weights = {name: value.detach().float().contiguous() for name, value in self.state_dict().items()}
        save_file(
            weights, path, {"format": "ossicle.hybrid", "config": json.dumps({**self.config, **changes})}
        )


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
