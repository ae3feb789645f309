"""Golden files for parity: EfficientNet-Lite and the whole encoder, computed by PyTorch.

The network is the published package's own (efficientnet_lite_pytorch), with padding that follows the
input's size. Three files go to tests/fixtures/parity:
  tiny.safetensors   random weights of the spec "tiny" and a whitening, two views, and what comes out
  lite0.safetensors  a drawn picture in two sizes, and what the weights in models/ make of it
  ops.safetensors    inputs and outputs of single operations
The same bytes come out on the same version of PyTorch.

Usage: pip install -r scripts/requirements.txt && python scripts/golden-efficientnet-lite.py
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from efficientnet_lite_pytorch import EfficientNet
from efficientnet_lite_pytorch.utils import BlockDecoder, get_model_params
from safetensors.torch import load_file, save_file
from torch import Tensor

ROOT = Path(__file__).parent.parent
OUT = ROOT / "tests" / "fixtures" / "parity"

# "tiny" in src/nets/specs.ts. The package scales every width but knows only its own stem and head.
TINY_BLOCKS = ["r1_k3_s11_e1_i32_o8", "r2_k3_s22_e6_i8_o8", "r2_k5_s22_e6_i8_o16",
               "r1_k3_s22_e6_i16_o16", "r2_k5_s22_e6_i16_o24", "r1_k3_s11_e6_i24_o32"]
TINY_STEM, TINY_HEAD = 16, 64
GEM_POWER = 3
TINY_DIM = 16
DROPPED = ("_fc.", "num_batches_tracked")


def tiny() -> EfficientNet:
    _, params = get_model_params("efficientnet-lite0", {"image_size": None})
    blocks = BlockDecoder.decode(TINY_BLOCKS)
    blocks[0] = blocks[0]._replace(input_filters=TINY_STEM)
    # Stem and head at their final width: 32 and 1280 are rounded to multiples of the divisor otherwise.
    model = EfficientNet(blocks, params._replace(fix_head_stem=False))
    model._conv_stem = replaced(model._conv_stem, out_channels=TINY_STEM)
    model._bn0 = torch.nn.BatchNorm2d(TINY_STEM, eps=params.batch_norm_epsilon)
    model._conv_head = replaced(model._conv_head, out_channels=TINY_HEAD)
    model._bn1 = torch.nn.BatchNorm2d(TINY_HEAD, eps=params.batch_norm_epsilon)
    return model.eval()


def replaced(conv: torch.nn.Conv2d, out_channels: int) -> torch.nn.Conv2d:
    return type(conv)(conv.in_channels, out_channels, kernel_size=conv.kernel_size,
                      stride=conv.stride, bias=False)


def lite0() -> EfficientNet:
    model = EfficientNet.from_name("efficientnet-lite0", image_size=None)
    state = {name: t.float() for name, t in load_file(ROOT / "models/efficientnet-lite0.safetensors").items()}
    load(model, state)
    return model.eval()


def load(model: EfficientNet, state: dict[str, Tensor]) -> None:
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected, unexpected
    assert all(any(part in name for part in DROPPED) for name in missing), missing


def randomise(model: EfficientNet, generator: torch.Generator) -> dict[str, Tensor]:
    """Weights that keep features of O(1), with batch norms that do something."""
    state = {}
    for name, tensor in model.state_dict().items():
        if any(part in name for part in DROPPED):
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        uniform = torch.rand(tensor.shape, generator=generator)
        if tensor.dim() == 4:
            state[name] = noise * (2 / tensor[0].numel()) ** 0.5
        elif name.endswith("running_var") or name.endswith(".weight"):
            state[name] = 0.5 + uniform
        else:
            state[name] = noise * 0.2
    load(model, state)
    return state


def maps(model: EfficientNet, x: Tensor) -> list[Tensor]:
    """Last map of every stage, then the head: a stage begins where the width or the size changes."""
    y = model._swish(model._bn0(model._conv_stem(x)))
    outputs = []
    for block in model._blocks:
        before = y
        y = block(y)
        if outputs and before.shape == y.shape:
            outputs[-1] = y
        else:
            outputs.append(y)
    head = model._swish(model._bn1(model._conv_head(y)))
    assert torch.equal(head, model.extract_features(x))
    return [*outputs, head]


def gem(x: Tensor, p: float = GEM_POWER) -> Tensor:
    return x.clamp(min=1e-6).pow(p).mean((-2, -1)).pow(1 / p)


def describe(model: EfficientNet, views: list[Tensor]) -> Tensor:
    parts = [F.normalize(gem(maps(model, view)[-1])) for view in views]
    return F.normalize(torch.cat(parts, 1))


def embed(descriptor: Tensor, whitening: dict[str, Tensor]) -> Tensor:
    centred = descriptor - whitening["whitening.mean"]
    return F.normalize(F.linear(centred, whitening["whitening.weight"], whitening["whitening.bias"]))


def drawn(height: int, width: int) -> Tensor:
    """Sky, a sun and a striped tower, [1, 3, H, W] of whole numbers 0..255."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    v, u = y / height, x / width
    picture = np.stack([90 + 120 * v, 150 + 60 * v, 235 - 60 * v], -1)
    picture[(u - 0.75) ** 2 + (v - 0.2) ** 2 < 0.01] = [255, 240, 150]
    tower = (np.abs(u - 0.4) < 0.12 - 0.08 * (1 - v)) & (v > 0.15)
    stripes = (np.floor(v * 12) % 2)[..., None] * [70, 40, 20] + [120, 90, 70]
    picture[tower] = stripes[tower]
    picture[v > 0.88] = [80, 110, 60]
    return torch.from_numpy(np.round(picture).astype(np.float32)).permute(2, 0, 1)[None].contiguous()


def save(name: str, tensors: dict[str, Tensor]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.safetensors"
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path)
    print(f"{path.relative_to(ROOT)}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def make_tiny() -> None:
    generator = torch.Generator().manual_seed(1)
    model = tiny()
    weights = randomise(model, generator)
    length = 2 * TINY_HEAD
    weights["whitening.mean"] = torch.rand(length, generator=generator) * 0.1
    weights["whitening.weight"] = torch.randn(TINY_DIM, length, generator=generator)
    weights["whitening.bias"] = torch.randn(TINY_DIM, generator=generator) * 0.1
    # Two photos at once, in two sizes, neither square.
    views = [torch.randn(2, 3, 32, 64, generator=generator), torch.randn(2, 3, 96, 64, generator=generator)]
    out = {f"view{i}": view for i, view in enumerate(views)}
    for i, view in enumerate(views):
        *stages, head = maps(model, view)
        out |= {f"view{i}.stage{j}": stage for j, stage in enumerate(stages)}
        out[f"view{i}.head"] = head
    out["descriptor"] = describe(model, views)
    out["embedding"] = embed(out["descriptor"], weights)
    save("tiny", weights | {f"golden.{name}": tensor for name, tensor in out.items()})


def make_lite0() -> None:
    model = lite0()
    pictures = [drawn(64, 96), drawn(96, 128)]
    views = [(picture - 127) / 128 for picture in pictures]
    out = {f"view{i}.pixels": picture.to(torch.uint8) for i, picture in enumerate(pictures)}
    for i, view in enumerate(views):
        *stages, head = maps(model, view)
        # Shallow stages are large; the last blocks depend on all of them.
        out[f"view{i}.last"] = stages[-1]
        out[f"view{i}.head"] = head
    out["view0.stage2"] = maps(model, views[0])[2]
    out["descriptor"] = describe(model, views)
    save("lite0", {f"golden.{name}": tensor for name, tensor in out.items()})


def make_ops() -> None:
    """Operations that the network uses in one way only, or not yet."""
    g = torch.Generator().manual_seed(2)
    rand = lambda *shape: torch.randn(*shape, generator=g)
    x, v = rand(2, 6, 7, 9), rand(3, 5)
    out = {"x": x, "v": v}
    kernels = {"grouped": (rand(4, 3, 3, 3), 2), "depthwise2": (rand(12, 1, 3, 3), 6), "plain": (rand(5, 6, 5, 5), 1)}
    for name, (kernel, groups) in kernels.items():
        bias = rand(kernel.shape[0])
        # [top, left, bottom, right] = [0, 1, 2, 1] with stride 2.
        y = F.conv2d(F.pad(x, [1, 1, 0, 2]), kernel, bias, stride=2, groups=groups)
        out |= {f"conv.{name}.weight": kernel, f"conv.{name}.bias": bias, f"conv.{name}.out": y}
        if name == "plain":
            # A convolution and two clamps in a row, which a runtime may fuse wrongly.
            out["conv.gem.out"] = gem(F.relu6(y), 2)
    norm = {"weight": rand(6), "bias": rand(6), "running_mean": rand(6), "running_var": rand(6).square()}
    out |= {f"bn.{name}": tensor for name, tensor in norm.items()}
    out["bn.out"] = F.batch_norm(x, norm["running_mean"], norm["running_var"], norm["weight"], norm["bias"], eps=1e-5)
    out["mean.out"] = x.mean((-2, -1))
    out["gem.p"] = torch.tensor([2.5])
    out["gem.out"] = gem(x, 2.5)
    out["channel.add"] = x + norm["bias"][:, None, None]
    out["linear.weight"], out["linear.bias"] = rand(4, 5), rand(4)
    out["linear.out"] = F.linear(v, out["linear.weight"], out["linear.bias"])
    zero = torch.cat([v, torch.zeros(1, 5)])
    out["normalize.x"], out["normalize.out"] = zero, F.normalize(zero)
    out["relu6.out"], out["concat.out"] = F.relu6(x * 5), torch.cat([x, x * 2], 1)
    save("ops", out)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.inference_mode():
        make_tiny()
        make_lite0()
        make_ops()
