"""Golden files for LoFTR, computed by kornia's own classes with random weights.

tests/fixtures/loftr/tiny.safetensors holds the weights of "tiny" (see src/nets/loftr/specs.ts), two pairs of
pictures, and what kornia makes of them at each step:
  golden.plain.*    whole pictures, with the position encoding of the released checkpoints (temp_bug_fix=False)
  golden.masked.*   padded pictures with masks, and the right encoding (temp_bug_fix=True)
  golden.positions.*   both encodings
tests/fixtures/loftr/ops.safetensors holds single operations, tests/fixtures/loftr/published.json the names,
shapes and costs of the published size. The same bytes come out on the same versions.

With --full, one pair at the published size goes to FOLDER, for scripts/parity-loftr.ts.

Usage: pip install -r scripts/requirements.txt && python scripts/golden-loftr.py
       python scripts/golden-loftr.py --full FOLDER HEIGHTxWIDTH HEIGHTxWIDTH
"""

import copy
import hashlib
import json
import sys
import time
from pathlib import Path

import kornia
import torch
import torch.nn.functional as F
from kornia.feature.loftr.loftr import LoFTR, default_cfg
from kornia.feature.loftr.loftr_module.linear_attention import LinearAttention
from kornia.feature.loftr.utils.position_encoding import PositionEncodingSine
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "loftr"
STRIDE = 8
BORDER = 1
THRESHOLD = 0.01
# Messages that leave the features standing, and features that differ: so random weights find matches.
MESSAGE, CONTRAST = 0.3, 2.0


def config(full: bool, fixed: bool) -> dict:
    cfg = copy.deepcopy(default_cfg)
    cfg["coarse"]["temp_bug_fix"] = fixed
    if full:
        return cfg
    cfg["resnetfpn"] = {"initial_dim": 8, "block_dims": [8, 12, 16]}
    cfg["coarse"] |= {"d_model": 16, "d_ffn": 16, "nhead": 4, "layer_names": ["self", "cross"] * 2}
    cfg["fine"] |= {"d_model": 8, "d_ffn": 8, "nhead": 2}
    # Random weights are never sure; and the pictures are small.
    cfg["match_coarse"] |= {"thr": THRESHOLD, "border_rm": BORDER}
    return cfg


def randomise(model: nn.Module, g: torch.Generator) -> dict[str, Tensor]:
    """Weights that keep features of O(1), with norms that do something."""
    state = {}
    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        noise = torch.randn(tensor.shape, generator=g)
        if name.endswith("running_var") or (name.endswith("weight") and tensor.dim() == 1):
            state[name] = 0.5 + torch.rand(tensor.shape, generator=g)
        elif name.endswith("weight"):
            state[name] = noise * (1.5 / tensor[0].numel()) ** 0.5
        else:
            state[name] = noise * 0.2
        if name.endswith("norm2.weight"):
            state[name] *= MESSAGE
    missing, unexpected = model.load_state_dict(copy.copy(state), strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    return state


def spread(model: LoFTR, image: Tensor, weights: dict[str, Tensor]) -> None:
    """Takes out of the coarse features what all cells of a picture share."""
    name = "backbone.layer3_outconv.weight"
    seen = []
    hook = model.backbone.layer3.register_forward_hook(lambda _m, _i, y: seen.append(y))
    model.backbone(image)
    hook.remove()
    mean = seen[0].mean((0, 2, 3))
    kernel = weights[name][:, :, 0, 0]
    kernel = CONTRAST * (kernel - torch.outer(kernel @ mean, mean) / (mean @ mean))
    weights[name] = kernel[:, :, None, None]
    model.load_state_dict(copy.copy(weights), strict=False)


def pictures(sizes: list[tuple[int, int]], shift: tuple[int, int], g: torch.Generator) -> list[Tensor]:
    """Two cuts of one drawn scene, [1, 1, H, W] of whole 255ths."""
    height = max(size[0] for size in sizes) + abs(shift[1])
    width = max(size[1] for size in sizes) + abs(shift[0])
    coarse = torch.rand(1, 1, height // 4 + 2, width // 4 + 2, generator=g)
    scene = F.interpolate(coarse, scale_factor=4, mode="bilinear", align_corners=False)[0, 0]
    scene = (scene * 255).round() / 255
    (h0, w0), (h1, w1) = sizes
    return [scene[:h0, :w0][None, None], scene[shift[1]:shift[1] + h1, shift[0]:shift[0] + w1][None, None]]


def padded(picture: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The picture in the top left corner of zeros, and the mask of its coarse cells, [1, h, w]."""
    height, width = picture.shape[2:]
    mask = torch.zeros(1, *size, dtype=torch.bool)
    mask[:, :height, :width] = True
    full = F.pad(picture, (0, size[1] - width, 0, size[0] - height))
    return full, mask[:, ::STRIDE, ::STRIDE]


def steps(model: LoFTR, images: list[Tensor], masks: list[Tensor] | None) -> dict[str, Tensor]:
    """LoFTR.forward, step by step, with all that lies between the steps."""
    maps = [model.backbone(image) for image in images]
    out = {}
    for i, (coarse, fine) in enumerate(maps):
        out |= {f"coarse{i}": coarse, f"fine{i}": fine}
    tokens = [model.pos_encoding(coarse).flatten(2).transpose(1, 2) for coarse, _ in maps]
    flat = [mask.flatten(1) for mask in masks] if masks else [None, None]
    c0, c1 = model.loftr_coarse(tokens[0], tokens[1], flat[0], flat[1])
    data = {"bs": 1, "stride_c": STRIDE, "stride_f": 2}
    for i, (coarse, fine) in enumerate(maps):
        data |= {f"hw{i}_c": coarse.shape[2:], f"hw{i}_f": fine.shape[2:]}
    if masks:
        # As the authors do, borders are those of what is not padding.
        data |= {"mask0": masks[0], "mask1": masks[1]}
    model.coarse_matching(c0, c1, data, mask_c0=flat[0], mask_c1=flat[1])
    keep = [mask[..., None] if mask is not None else 1 for mask in flat]
    out |= {"tokens0": c0 * keep[0], "tokens1": c1 * keep[1], "confidence": data["conf_matrix"]}
    windows = model.fine_preprocess(maps[0][1], maps[1][1], c0, c1, data)
    refined = model.loftr_fine(*windows)
    model.fine_matching(*refined, data)
    out |= {"i": data["i_ids"].float(), "j": data["j_ids"].float(), "matchConfidence": data["mconf"]}
    out |= {"expectation": data["expec_f"], "points0": data["mkpts0_f"], "points1": data["mkpts1_f"]}
    return out


def describe(name: str, found: dict[str, Tensor]) -> None:
    for key in ("coarse0", "fine0", "tokens0"):
        print(f"{name} {key} {tuple(found[key].shape)} std {found[key].std():.2f}")
    print(f"{name}: {len(found['i'])} matches, confidence up to {found['confidence'].max():.3f},",
          f"std {found['expectation'][:, 2].min():.3f}..{found['expectation'][:, 2].max():.3f}")


def save(path: Path, tensors: dict[str, Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.clone(memory_format=torch.contiguous_format) for key, tensor in tensors.items()}, path)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def make_tiny() -> None:
    g = torch.Generator().manual_seed(31)
    plain = LoFTR(None, config(full=False, fixed=False)).eval()
    fixed = LoFTR(None, config(full=False, fixed=True)).eval()
    out = randomise(plain, g)
    images = pictures([(72, 88), (80, 72)], (8, 0), g)
    spread(plain, images[0], out)
    fixed.load_state_dict(copy.copy(out), strict=False)
    found = steps(plain, images, None)
    whole = plain({"image0": images[0], "image1": images[1]})
    describe("plain", found)
    assert torch.equal(whole["keypoints1"], found["points1"]) and len(found["i"]) > 8
    out |= {f"golden.plain.image{i}": image for i, image in enumerate(images)}
    out |= {f"golden.plain.{key}": tensor for key, tensor in found.items()}

    cut = pictures([(68, 80), (80, 61)], (0, 8), g)
    images, masks = zip(*[padded(cut[0], (80, 96)), padded(cut[1], (80, 80))])
    found = steps(fixed, list(images), list(masks))
    describe("masked", found)
    assert len(found["i"]) > 8
    out |= {f"golden.masked.image{i}": image for i, image in enumerate(images)}
    out |= {f"golden.masked.mask{i}": mask.float() for i, mask in enumerate(masks)}
    out |= {f"golden.masked.{key}": tensor for key, tensor in found.items()}
    for kind, fix in (("released", False), ("fixed", True)):
        out[f"golden.positions.{kind}"] = PositionEncodingSine(32, (5, 7), temp_bug_fix=fix).pe[0].clone()
    save(OUT / "tiny.safetensors", out)


def make_ops() -> None:
    g = torch.Generator().manual_seed(32)
    rand = lambda *shape: torch.randn(*shape, generator=g)
    x, q, k, v = rand(2, 3, 5, 4), rand(2, 7, 12), rand(2, 9, 12), rand(2, 9, 12)
    mask = (torch.rand(2, 9, generator=g) > 0.4).float()
    heads = lambda t: t.view(2, -1, 3, 4)
    attend = LinearAttention()
    similarity = q @ k.transpose(1, 2)
    out = {
        "x": x, "q": q, "k": k, "v": v, "mask": mask[..., None],
        "double.out": F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True),
        "single.out": F.interpolate(x[:, :, :1], scale_factor=2.0, mode="bilinear", align_corners=True),
        "single": x[:, :, :1],
        "leaky.out": F.leaky_relu(x),
        "attention.out": attend(heads(q), heads(k), heads(v)).flatten(2),
        "masked.out": attend(heads(q), heads(k), heads(v), kv_mask=mask).flatten(2),
        "repeat.out": rand(2, 1, 3), "softmax.out": similarity.softmax(-1), "similarity.out": similarity,
        "dual.out": similarity.softmax(1) * similarity.softmax(2),
        "rows.out": similarity.amax(2), "columns.out": similarity.amax(1),
        "places.out": similarity.argmax(2).float(), "concat.out": torch.cat([q, 2 * q], -1),
    }
    out["one"] = out["repeat.out"]
    out["repeat.out"] = out["one"].repeat(1, 5, 1)
    save(OUT / "ops.safetensors", out)


def make_published() -> None:
    side = 320
    with torch.device("meta"):
        model = LoFTR(None, config(full=True, fixed=False)).eval()
        with FlopCounterMode(display=False) as flops:
            model.backbone(torch.empty(1, 1, side, side))
    shapes = {key: list(t.shape) for key, t in model.state_dict().items() if "num_batches" not in key}
    lines = sorted(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
    published = {
        "spec": "outdoor", "side": side, "featureMacs": flops.get_total_flops() // 2,
        "parameters": sum(p.numel() for p in model.parameters()), "tensors": len(shapes),
        "shapes": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }
    print(published)
    (OUT / "published.json").write_text(json.dumps(published, indent=2) + "\n")


def make_full(folder: Path, sizes: list[tuple[int, int]]) -> None:
    g = torch.Generator().manual_seed(33)
    cfg = config(full=True, fixed=False)
    # Random weights are never sure.
    cfg["match_coarse"]["thr"] = THRESHOLD
    model = LoFTR(None, cfg).eval()
    weights = randomise(model, g)
    images = pictures(sizes, (16, 8), g)
    spread(model, images[0], weights)
    model({"image0": images[0], "image1": images[1]})
    begin = time.perf_counter()
    found = steps(model, images, None)
    seconds = time.perf_counter() - begin
    describe("full", found)
    save(folder / "weights.safetensors", weights)
    golden = {f"golden.full.image{i}": image for i, image in enumerate(images)}
    save(folder / "golden.safetensors", golden | {f"golden.full.{key}": tensor for key, tensor in found.items()})
    versions = {"torch": torch.__version__, "kornia": kornia.__version__}
    (folder / "seconds.json").write_text(json.dumps({"seconds": seconds, "matches": len(found["i"]), **versions}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.inference_mode():
        if sys.argv[1:2] == ["--full"] and len(sys.argv) == 5:
            make_full(Path(sys.argv[2]), [tuple(map(int, size.split("x"))) for size in sys.argv[3:]])
        elif len(sys.argv) == 1:
            make_tiny()
            make_ops()
            make_published()
        else:
            sys.exit(__doc__)
