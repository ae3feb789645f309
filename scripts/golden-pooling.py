"""Writes tests/fixtures/pooling.safetensors: what PyTorch gives for every pooling, and the head.

Run: python scripts/golden-pooling.py (needs torch and safetensors). R-MAC is written after
filipradenovic/cnnimageretrieval-pytorch (cirtorch/layers/functional.py, rmac), without the whole map that
that code adds to the regions of the paper; R-GeM puts the generalised mean in place of the maximum.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "pooling.safetensors"
# height, width: square, both orientations, odd, small, a strip, a panorama.
SIZES = [(7, 7), (7, 10), (10, 7), (6, 9), (2, 2), (3, 5), (1, 4), (4, 13)]
CHANNELS = 6
POWER = 2.6


def regions(height: int, width: int, scales: int = 3, overlap: float = 0.4) -> list[tuple[int, int, int]]:
    """(top, left, side) of each region."""
    steps = torch.tensor([2, 3, 4, 5, 6, 7])
    w = min(height, width)
    b = (max(height, width) - w) / (steps - 1)
    idx = int(torch.min(torch.abs(((w**2 - w * b) / w**2) - overlap), 0)[1])
    extra_w = idx + 1 if height < width else 0
    extra_h = idx + 1 if height > width else 0
    found = []
    for scale in range(1, scales + 1):
        side = math.floor(2 * w / (scale + 1))
        half = math.floor(side / 2 - 1)
        if side == 0:
            continue

        def starts(length: int, extra: int) -> list[int]:
            step = 0 if scale + extra == 1 else (length - side) / (scale + extra - 1)
            return [math.floor(half + i * step) - half for i in range(scale + extra)]

        found += [(top, left, side) for top in starts(height, extra_h) for left in starts(width, extra_w)]
    return found


def gem(x: torch.Tensor, p: float) -> torch.Tensor:
    return x.clamp(min=1e-6).pow(p).mean((-2, -1)).pow(1 / p)


def over_regions(x: torch.Tensor, pool) -> torch.Tensor:
    windows = [x[:, :, t : t + s, l : l + s] for t, l, s in regions(*x.shape[-2:])]
    return torch.stack([F.normalize(pool(window), dim=1) for window in windows]).sum(0)


def main() -> None:
    torch.manual_seed(3)
    tensors: dict[str, torch.Tensor] = {"pooling.p": torch.tensor([POWER])}
    for height, width in SIZES:
        name = f"{height}x{width}"
        # Some cells are negative, as after a layer norm.
        x = torch.randn(2, CHANNELS, height, width) + 0.5
        tensors[f"{name}.map"] = x
        tensors[f"{name}.regions"] = torch.tensor(regions(height, width), dtype=torch.int32)
        tensors[f"{name}.average"] = x.mean((-2, -1))
        tensors[f"{name}.gem"] = gem(x, POWER)
        tensors[f"{name}.r-mac"] = over_regions(x, lambda window: window.amax((-2, -1)))
        tensors[f"{name}.r-gem"] = over_regions(x, lambda window: gem(window, POWER))

    fc, bn = torch.nn.Linear(CHANNELS, 4), torch.nn.BatchNorm1d(4)
    bn.weight.data.uniform_(0.5, 2)
    bn.bias.data.normal_()
    bn.running_mean.normal_()
    bn.running_var.uniform_(0.5, 2)
    head = torch.nn.Sequential(fc, bn).eval()
    pooled = torch.randn(3, CHANNELS)
    tensors |= {f"embedding.fc.{key}": value for key, value in fc.state_dict().items()}
    tensors |= {f"embedding.bn.{k}": v for k, v in bn.state_dict().items() if v.is_floating_point()}
    tensors |= {"head.in": pooled, "head.out": F.normalize(head(pooled), dim=1)}
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, str(OUT))


if __name__ == "__main__":
    with torch.no_grad():
        main()
