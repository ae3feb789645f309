"""Golden files for parity: SE-ResNet, NFNet and Swin in little, computed by timm's own classes.

Each file in tests/fixtures/parity holds random weights of a small spec (see src/nets/specs*.ts), two drawn
pictures, one of them not square, and the map of every stage:
  seresnet.safetensors       "tiny" of se-resnet
  nfnet.safetensors          "tiny" of nfnet: as DeepMind's NFNet-F, with padding "SAME" and skip gains
  nfnet-eca.safetensors      "tiny_eca" of nfnet: as eca_nfnet_l0
  swin.safetensors           "tiny" of swin: padded windows, odd sides, windows larger than the map
  resized-table.safetensors  a relative position table for smaller and larger windows
  backbone-ops.safetensors   single operations that the networks use in one way only
published.json says what the published sizes cost. The same bytes come out on the same versions.

Usage: pip install -r scripts/requirements.txt && python scripts/golden-backbones.py
"""

import json
from collections.abc import Callable
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table
from timm.models.nfnet import NfCfg, NormFreeNet
from timm.models.resnet import Bottleneck, ResNet
from timm.models.swin_transformer import SwinTransformer
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).parent.parent
OUT = ROOT / "tests" / "fixtures" / "parity"
SIZES = [(64, 64), (64, 96)]
# Maps of 20 × 12, 10 × 6, 5 × 3 and 3 × 2 patches: odd sides, and no side but one that windows of 3 fit.
SWIN_SIZES = [(64, 64), (80, 48)]

PUBLISHED = {
    "se-resnet": ["seresnet50", "seresnet101", "seresnet152"],
    "nfnet": ["dm_nfnet_f0", "dm_nfnet_f1", "nfnet_f0", "nfnet_f1", "nfnet_l0", "eca_nfnet_l0", "eca_nfnet_l1"],
    "swin": ["swin_tiny_patch4_window7_224", "swin_small_patch4_window7_224", "swin_base_patch4_window7_224",
             "swin_base_patch4_window12_384"],
}

Maps = tuple[list[Tensor], Tensor]


def seresnet() -> ResNet:
    return ResNet(Bottleneck, layers=(2, 1, 2, 1), channels=(4, 6, 8, 10), num_classes=0, global_pool="",
                  block_args={"attn_layer": "se"})


def seresnet_maps(model: ResNet, x: Tensor) -> Maps:
    x = model.maxpool(model.act1(model.bn1(model.conv1(x))))
    stages = []
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        x = layer(x)
        stages.append(x)
    return stages, x


def nfnet() -> NormFreeNet:
    return NormFreeNet(NfCfg(
        depths=(1, 2, 2, 1), channels=(16, 32, 48, 48), stem_type="deep_quad", stem_chs=32, group_size=8,
        bottle_ratio=0.5, extra_conv=True, gamma_in_act=True, same_padding=True, skipinit=True, num_features=96,
        act_layer="gelu", attn_layer="se", attn_kwargs={"rd_ratio": 0.5}), num_classes=0, global_pool="")


def nfnet_eca() -> NormFreeNet:
    return NormFreeNet(NfCfg(
        depths=(1, 2, 2, 1), channels=(32, 64, 96, 96), stem_type="deep_quad", stem_chs=32, group_size=8,
        bottle_ratio=0.25, extra_conv=True, num_features=64, act_layer="silu", attn_layer="eca", attn_kwargs={}),
        num_classes=0, global_pool="")


def nfnet_maps(model: NormFreeNet, x: Tensor) -> Maps:
    x = model.stem(x)
    stages = []
    for stage in model.stages:
        x = stage(x)
        stages.append(x.clone())
    return stages, model.final_act(model.final_conv(x))


def swin(size: tuple[int, int]) -> SwinTransformer:
    return SwinTransformer(img_size=size, window_size=3, embed_dim=8, depths=(2, 2, 2, 1), num_heads=(1, 2, 4, 8),
                           num_classes=0, global_pool="")


def swin_maps(model: SwinTransformer, x: Tensor) -> Maps:
    x = model.patch_embed(x)
    stages = []
    for layer in model.layers:
        x = layer(x)
        stages.append(x.permute(0, 3, 1, 2))
    return stages, model.norm(x).permute(0, 3, 1, 2)


def randomise(model: nn.Module, g: torch.Generator) -> dict[str, Tensor]:
    """Weights that keep features of O(1), with norms, gains and position tables that do something."""
    state = {}
    for name, tensor in model.state_dict().items():
        noise = torch.randn(tensor.shape, generator=g)
        uniform = 0.5 + torch.rand(tensor.shape, generator=g)
        if name.endswith("num_batches_tracked"):
            continue
        if name.endswith("relative_position_bias_table"):
            state[name] = noise
        elif name.endswith("gain") or name.endswith("running_var") or (name.endswith("weight") and tensor.dim() == 1):
            state[name] = uniform
        elif name.endswith("weight"):
            state[name] = noise * (1.5 / tensor[0].numel()) ** 0.5
        else:
            state[name] = noise * 0.2
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    return state


def drawn(height: int, width: int, g: torch.Generator) -> Tensor:
    """Coloured stripes with noise on them, [1, 3, H, W] of whole numbers 0..255."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    waves = torch.stack([torch.sin(y / 5 + x / 9), torch.sin(x / 4), torch.sin(y / 7 - x / 6)])
    noise = torch.randn(3, height, width, generator=g) * 30
    return (waves * 80 + 127 + noise).round().clamp(0, 255)[None]


def save(name: str, tensors: dict[str, Tensor]) -> None:
    path = OUT / f"{name}.safetensors"
    save_file({key: tensor.clone(memory_format=torch.contiguous_format) for key, tensor in tensors.items()}, path)
    print(f"{path.relative_to(ROOT)}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def make(name: str, seed: int, sizes: list[tuple[int, int]], maps: Callable[[nn.Module, Tensor], Maps],
         build: Callable[[tuple[int, int]], nn.Module], adapt: Callable[[nn.Module, dict], dict] | None = None) -> None:
    g = torch.Generator().manual_seed(seed)
    # Weights are those of a picture so large that no window is larger than its map.
    weights = randomise(build((128, 128)).eval(), g)
    out = dict(weights)
    for i, size in enumerate(sizes):
        model = build(size).eval()
        state = adapt(model, weights) if adapt else weights
        model.load_state_dict(state, strict=False)
        pixels = drawn(*size, g)
        stages, head = maps(model, (pixels - 127) / 128)
        last = model.forward_features((pixels - 127) / 128)
        assert torch.equal(head, last.permute(0, 3, 1, 2) if name == "swin" else last)
        out[f"golden.view{i}.pixels"] = pixels.to(torch.uint8)
        for j, stage in enumerate(stages):
            out[f"golden.view{i}.stage{j}"] = stage
        out[f"golden.view{i}.head"] = head
        print(name, size, [f"{tuple(x.shape)} {x.std():.2f} {x.abs().max():.1f}" for x in [*stages, head]])
    save(name, out)


def fit_windows(model: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Position tables brought to the windows of a small input, by timm's own resizing."""
    fitted = dict(weights)
    for name, module in model.named_modules():
        if hasattr(module, "relative_position_bias_table"):
            key = f"{name}.relative_position_bias_table"
            fitted[key] = resize_rel_pos_bias_table(
                weights[key], new_window_size=module.window_size,
                new_bias_shape=tuple(module.relative_position_bias_table.shape))
    return fitted


def make_tables() -> None:
    table = torch.randn(7 * 7, 2, generator=torch.Generator().manual_seed(9))
    out = {"table": table}
    for window in [(3, 3), (4, 2), (7, 7), (12, 5)]:
        shape = ((2 * window[0] - 1) * (2 * window[1] - 1), 2)
        key = f"golden.{window[0]}x{window[1]}"
        out[key] = resize_rel_pos_bias_table(table, new_window_size=window, new_bias_shape=shape,
                                             old_window_size=(4, 4)).clone()
    save("resized-table", out)


def make_ops() -> None:
    g = torch.Generator().manual_seed(8)
    rand = lambda *shape: torch.randn(*shape, generator=g)
    x, tokens, mean = rand(2, 3, 7, 9), rand(2, 5, 6) * 3, rand(2, 6, 1, 1)
    top, left, bottom, right = 1, 2, 0, 1
    padded = F.pad(x, (left, right, top, bottom))
    inside = F.pad(torch.ones_like(x), (left, right, top, bottom))
    out = {
        "x": x, "tokens": tokens, "mean": mean,
        "max3.out": F.max_pool2d(x - 5, 3, 2, padding=1),
        "max2.out": F.max_pool2d(x, 2, 2),
        "avg2.out": F.avg_pool2d(x, 2, 2),
        "avg3.counted.out": F.avg_pool2d(x, 3, 2, padding=1),
        "avg3.uncounted.out": F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False),
        "avg3.uneven.out": F.avg_pool2d(padded, 3, 2) / F.avg_pool2d(inside, 3, 2),
        "gelu.out": F.gelu(tokens), "silu.out": F.silu(tokens), "sigmoid.out": tokens.sigmoid(),
        "norm.weight": rand(6), "norm.bias": rand(6), "eca.weight": rand(1, 1, 5),
        "linear.weight": rand(4, 6), "linear.bias": rand(4), "gate.out": x * mean[:, :3],
    }
    out["norm.out"] = F.layer_norm(tokens, (6,), out["norm.weight"], out["norm.bias"], eps=1e-5)
    out["linear.out"] = F.linear(tokens, out["linear.weight"], out["linear.bias"])
    out["eca.out"] = F.conv1d(mean.view(2, 1, 6), out["eca.weight"], padding=2).view(2, 6, 1, 1)
    out["gate"] = mean[:, :3]
    save("backbone-ops", out)


def make_published() -> None:
    costs = []
    for arch, names in PUBLISHED.items():
        for name in names:
            side = 384 if name.endswith("384") else 224
            with torch.device("meta"):
                model = timm.create_model(name, num_classes=0, global_pool="").eval()
                with FlopCounterMode(display=False) as flops:
                    model(torch.empty(1, 3, side, side))
            shapes = {key: list(t.shape) for key, t in model.state_dict().items() if "num_batches" not in key}
            numbers = sum(p.numel() for p in model.parameters())
            macs = flops.get_total_flops() // 2
            costs.append({"arch": arch, "spec": name, "side": side, "parameters": numbers, "macs": macs,
                          "tensors": len(shapes), "shapes": digest(shapes)})
            print(costs[-1])
    (OUT / "published.json").write_text(json.dumps(costs, indent=2) + "\n")


def digest(shapes: dict[str, list[int]]) -> str:
    """SHA-256 of all names and shapes, sorted: too many to store, enough to compare."""
    import hashlib

    lines = sorted(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.inference_mode():
        make("seresnet", 3, SIZES, seresnet_maps, lambda _: seresnet())
        make("nfnet", 4, SIZES, nfnet_maps, lambda _: nfnet())
        make("nfnet-eca", 5, SIZES, nfnet_maps, lambda _: nfnet_eca())
        make("swin", 6, SWIN_SIZES, swin_maps, swin, fit_windows)
        make_tables()
        make_ops()
        make_published()
