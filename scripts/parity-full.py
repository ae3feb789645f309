"""One full-size network of timm with random weights: its state dict, two pictures, and its maps of them.

Weights are timm's own initialisation with a fixed seed. What starts at zero there would hide half of the
network (skip gains, the last norm of a residual branch), so it is opened; batch norms learn their
statistics from the pictures. Writes weights.safetensors, golden.safetensors and seconds.json.
Called by scripts/parity-full.ts.

Usage: python scripts/parity-full.py NAME FOLDER HEIGHTxWIDTH HEIGHTxWIDTH
"""

import json
import sys
import time
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

SEED = 20
BRANCH_GAIN = 0.3


def open_branches(model: nn.Module, g: torch.Generator) -> None:
    for name, parameter in model.named_parameters():
        uniform = 0.5 + torch.rand(parameter.shape, generator=g)
        if name.endswith("skipinit_gain") or name.endswith("bn3.weight") or name.endswith("conv3.gain"):
            parameter.copy_(BRANCH_GAIN * uniform)
        elif name.endswith("relative_position_bias_table"):
            parameter.copy_(torch.randn(parameter.shape, generator=g))
        elif name.endswith("bias"):
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=g))
        elif name.endswith("gain") or parameter.dim() == 1:
            parameter.copy_(uniform)


def learn_statistics(model: nn.Module, pictures: list[Tensor]) -> None:
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return
    for norm in norms:
        norm.momentum = None
    model.train()
    for picture in pictures:
        model(picture)
    model.eval()


def maps(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The map of every stage by hooks on timm's modules, and the final one."""
    found: dict[str, Tensor] = {}
    if hasattr(model, "layer1"):
        stages = [model.layer1, model.layer2, model.layer3, model.layer4]
    else:
        stages = list(model.stages if hasattr(model, "stages") else model.layers)
    first = lambda y: y.permute(0, 3, 1, 2) if getattr(model, "output_fmt", "") == "NHWC" else y
    hooks = [
        stage.register_forward_hook(lambda _m, _i, y, key=f"stage{i}": found.update({key: first(y).clone()}))
        for i, stage in enumerate(stages)
    ]
    found["head"] = first(model.forward_features(x))
    for hook in hooks:
        hook.remove()
    return found


def drawn(height: int, width: int, g: torch.Generator) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    waves = torch.stack([torch.sin(y / 11 + x / 17), torch.sin(x / 7), torch.sin(y / 13 - x / 9)])
    return (waves * 80 + 127 + torch.randn(3, height, width, generator=g) * 30).round().clamp(0, 255)[None]


def build(name: str, size: tuple[int, int]) -> nn.Module:
    fixed = {"img_size": size} if name.startswith("swin") else {}
    return timm.create_model(name, num_classes=0, global_pool="", **fixed).eval()


def main(name: str, folder: Path, sizes: list[tuple[int, int]]) -> None:
    torch.manual_seed(SEED)
    g = torch.Generator().manual_seed(SEED)
    pixels = [drawn(*size, g) for size in sizes]
    pictures = [(picture - 127) / 128 for picture in pixels]
    # Weights are those of the first size; for the second, Swin resizes its tables itself.
    model = build(name, sizes[0])
    open_branches(model, g)
    learn_statistics(model, pictures)
    weights = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
    weights = {key: tensor for key, tensor in weights.items() if not key.endswith("num_batches_tracked")}
    save_file(weights, folder / "weights.safetensors")
    golden, seconds = {}, []
    for i, picture in enumerate(pictures):
        if i > 0 and hasattr(model, "set_input_size"):
            window = model.layers[0].blocks[0].window_size
            model.set_input_size(sizes[i], window_size=window)
        model(picture)
        begin = time.perf_counter()
        found = maps(model, picture)
        seconds.append(time.perf_counter() - begin)
        golden[f"golden.view{i}.pixels"] = pixels[i].to(torch.uint8)
        golden |= {f"golden.view{i}.{key}": tensor.contiguous() for key, tensor in found.items()}
    save_file({key: tensor.clone() for key, tensor in golden.items()}, folder / "golden.safetensors")
    versions = {"torch": torch.__version__, "timm": timm.__version__}
    (folder / "seconds.json").write_text(json.dumps({"seconds": seconds, **versions}))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    with torch.no_grad():
        shapes = [tuple(int(side) for side in size.split("x")) for size in sys.argv[3:]]
        main(sys.argv[1], Path(sys.argv[2]), shapes)
