"""Golden files for SuperPoint and SuperGlue, computed by Hugging Face transformers' classes with random weights.

No weights and no code of the authors' are needed: they license them for non-commercial research only.

tests/fixtures/superglue/tiny.safetensors holds random weights of both networks in the size "tiny" (see
src/nets/superpoint/specs.ts and src/nets/superglue/specs.ts), a pair of pictures, and what becomes of it:
  golden.image{0,1}, .corners{0,1}, .dense{0,1}               SuperPoint's maps, by cells
  golden.points{0,1}, .pointScores{0,1}, .descriptors{0,1}    keypoints, the surest first
  golden.scores, .transport, .matches, .matchScores           SuperGlue's
tests/fixtures/superglue/published.json holds the names, shapes and costs of the published sizes. The same
bytes come out on the same versions.

Weights have the names of the authors' checkpoints, superpoint_v1.pth and superglue_outdoor.pth. transformers
has other names, linear layers for convolutions of width 1, and blocks of channels for each attention head,
where the authors' heads take every fourth channel: `to_hub` maps one to the other.

transformers takes the border off at the left and the top only (it multiplies the size by 8 twice): `keypoints`
takes it off on all sides, as the authors publish.

With --full, one pair at the published sizes goes to FOLDER.

Usage: pip install -r scripts/requirements.txt && python scripts/golden-superglue.py
       python scripts/golden-superglue.py --full FOLDER HEIGHTxWIDTH HEIGHTxWIDTH
"""

import hashlib
import json
import re
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import SuperGlueConfig, SuperGlueForKeypointMatching, SuperPointConfig
from transformers.models.superglue.modeling_superglue import log_optimal_transport, normalize_keypoints

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "superglue"
STRIDE, BORDER, MOST = 8, 4, 1024
THRESHOLD, MARGIN = 0.2, 5e-3
HEADS = 4
# Messages that leave descriptors recognisable, scores that differ, a dustbin among them: so random weights find
# matches, and not for all.
MESSAGE, CONTRAST, BIN_SCORE = 0.1, 4.0, {16: 60.0, 256: 177.0}


def build(full: bool) -> SuperGlueForKeypointMatching:
    tiny_detector = {
        "encoder_hidden_sizes": [4, 6, 8, 8], "decoder_hidden_size": 12, "descriptor_decoder_dim": 16,
    }
    tiny_matcher = {
        "hidden_size": 16, "keypoint_encoder_sizes": [8, 12], "gnn_layers_types": ["self", "cross"] * 2,
    }
    detector = SuperPointConfig(**({} if full else tiny_detector))
    config = SuperGlueConfig(
        keypoint_detector_config=detector, matching_threshold=THRESHOLD, attn_implementation="eager",
        **({} if full else tiny_matcher),
    )
    return SuperGlueForKeypointMatching(config).eval()


DETECTOR = {"keypoint_decoder.conv_score_": "convP", "descriptor_decoder.conv_descriptor_": "convD"}
ATTENTION = {"self.query": "proj.0", "self.key": "proj.1", "self.value": "proj.2", "output.dense": "merge"}


def published_name(hub: str, names: set[str]) -> str:
    """The authors' name of a parameter of transformers."""
    if hub.startswith("keypoint_detector."):
        name = hub.removeprefix("keypoint_detector.")
        name = re.sub(r"^encoder\.conv_blocks\.(\d)\.conv_", lambda m: f"conv{int(m[1]) + 1}", name)
        for theirs, ours in DETECTOR.items():
            name = name.replace(theirs, ours)
        return name

    def place(m: re.Match) -> str:
        # In the authors' lists each layer takes three places: itself, a norm, a ReLU.
        return f"{m[1]}.{3 * int(m[2]) + (1 if m[3] == '.batch_norm' else 0)}"

    name = re.sub(r"((?:encoder|mlp))\.(\d+)(\.linear|\.batch_norm|)", place, hub.replace("keypoint_encoder.", "kenc."))
    for theirs, ours in ATTENTION.items():
        name = name.replace(f"attention.{theirs}", f"attn.{ours}")
    return name.replace("final_projection.", "")


def to_hub(name: str, tensor: Tensor) -> Tensor:
    """A parameter by the authors' shape and order of channels as transformers has it."""
    if tensor.dim() == 3:
        tensor = tensor[..., 0]
    if ".attn." not in name or name.endswith("merge.bias"):
        return tensor
    # transformers' channel h · each + d is the authors' d · heads + h.
    order = torch.arange(tensor.shape[0]).view(-1, HEADS).T.flatten()
    return tensor[:, order] if ".merge." in name else tensor[order]


def names_and_shapes(model: SuperGlueForKeypointMatching) -> dict[str, tuple[str, list[int]]]:
    """The authors' name and shape by transformers' name."""
    state = {key: tensor for key, tensor in model.state_dict().items() if "num_batches" not in key}
    found = {}
    for key, tensor in state.items():
        shape = list(tensor.shape)
        found[key] = (published_name(key, set(state)), shape + [1] if len(shape) == 2 else shape)
    return found


def randomise(model: SuperGlueForKeypointMatching, g: torch.Generator) -> dict[str, Tensor]:
    """Weights by the authors' names that keep features of O(1), with norms that do something."""
    weights, channels = {}, model.config.hidden_size
    last = f"kenc.encoder.{3 * len(model.config.keypoint_encoder_sizes)}."
    for hub, (name, shape) in names_and_shapes(model).items():
        noise = torch.randn(shape, generator=g)
        if name == "bin_score":
            weights[name] = torch.tensor(BIN_SCORE[channels])
        elif name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            weights[name] = 0.5 + torch.rand(shape, generator=g)
        elif name.endswith("weight"):
            weights[name] = noise * (1.5 / noise[0].numel()) ** 0.5
        else:
            weights[name] = noise * 0.2
        places = name.startswith(last)
        if places or ".mlp.3." in name:
            quiet = MESSAGE if places or name.endswith("weight") else 1
            # Descriptors have the length 1, whatever the number of their channels.
            weights[name] *= quiet * (16 / channels) ** 0.5
        if name == "final_proj.weight":
            weights[name] = (0.1 * weights[name][..., 0] + torch.eye(channels))[..., None] * CONTRAST * channels**0.25
    load(model, weights)
    return weights


def load(model: SuperGlueForKeypointMatching, weights: dict[str, Tensor]) -> None:
    state = {hub: to_hub(name, weights[name]) for hub, (name, _) in names_and_shapes(model).items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)


def maps(model: SuperGlueForKeypointMatching, image: Tensor) -> dict[str, Tensor]:
    """SuperPoint up to what its two heads say of each cell: [1, 65, h, w] and [1, C, h, w]."""
    detector = model.keypoint_detector
    shared = detector.encoder(image).last_hidden_state
    corner, descriptor = detector.keypoint_decoder, detector.descriptor_decoder
    scores = corner.conv_score_b(corner.relu(corner.conv_score_a(shared)))
    dense = descriptor.conv_descriptor_b(descriptor.relu(descriptor.conv_descriptor_a(shared)))
    return {"shared": shared, "corners": scores.softmax(1), "raw": dense, "dense": F.normalize(dense, dim=1)}


def spread(model: SuperGlueForKeypointMatching, image: Tensor, weights: dict[str, Tensor]) -> None:
    """Takes out of the descriptors what all cells of a picture share, and makes corners differ."""
    raw = maps(model, image)["raw"]
    weights["convDb.bias"] = weights["convDb.bias"] - raw.mean((0, 2, 3))
    weights["convPb.weight"] = 2 * weights["convPb.weight"]
    load(model, weights)


def keypoints(model: SuperGlueForKeypointMatching, image: Tensor, most: int) -> dict[str, Tensor]:
    """As published: transformers' own, less those at the right and the lower edge; the surest first."""
    detector = model.keypoint_detector
    shared = maps(model, image)["shared"]
    points, scores = detector.keypoint_decoder(shared)
    height, width = image.shape[2:]
    inside = (points[:, 0] < width - BORDER) & (points[:, 1] < height - BORDER)
    points, scores = points[inside], scores[inside]
    order = scores.argsort(descending=True, stable=True)[:most]
    points, scores = points[order], scores[order]
    descriptors = detector.descriptor_decoder(shared, points[None].clone())
    return {"points": points, "pointScores": scores, "descriptors": descriptors}


def score(model: SuperGlueForKeypointMatching, found: list[dict], sizes: list[tuple[int, int]]) -> Tensor:
    """SuperGlue up to the scores, [1, L, S], for keypoints of any number; transformers wants equal ones."""
    x = []
    for each, (height, width) in zip(found, sizes):
        places = normalize_keypoints(each["points"][None], height, width)
        x.append(each["descriptors"][None] + model.keypoint_encoder(places, each["pointScores"][None])[0])
    for layer, kind in zip(model.gnn.layers, model.gnn.layers_types):
        sources = x[::-1] if kind == "cross" else x
        x = [own + layer(own, encoder_hidden_states=source)[0] for own, source in zip(x, sources)]
    a, b = (model.final_projection(each) for each in x)
    return a @ b.transpose(1, 2) / model.config.hidden_size**0.5


def choose(transport: Tensor, threshold: float = THRESHOLD) -> tuple[Tensor, Tensor]:
    """Mutual matches over the threshold, as the authors choose them: [M, 2], [M]."""
    inner = transport[0, :-1, :-1].exp()
    best, at = inner.max(1)
    mutual = (inner.max(0).indices[at] == torch.arange(len(at))) & (best > threshold)
    first = mutual.nonzero()[:, 0]
    return torch.stack([first, at[first]], 1), best[first]


def pictures(sizes: list[tuple[int, int]], shift: tuple[int, int], g: torch.Generator) -> list[Tensor]:
    """Two cuts of one drawn scene, [1, 1, H, W] of whole 255ths."""
    height = max(size[0] for size in sizes) + shift[1]
    width = max(size[1] for size in sizes) + shift[0]
    coarse = torch.rand(1, 1, height // 4 + 2, width // 4 + 2, generator=g)
    scene = F.interpolate(coarse, scale_factor=4, mode="bilinear", align_corners=False)[0, 0]
    scene = (scene * 255).round() / 255
    (h0, w0), (h1, w1) = sizes
    return [scene[:h0, :w0][None, None], scene[shift[1]:shift[1] + h1, shift[0]:shift[0] + w1][None, None]]


def check(model: SuperGlueForKeypointMatching, found: list[dict], size: tuple[int, int]) -> None:
    """transformers' whole forward pass, where both pictures have as many keypoints, finds the same matches."""
    most = min(len(each["points"]) for each in found)
    equal = [{key: tensor[:most] for key, tensor in each.items()} for each in found]
    matches, _ = choose(log_optimal_transport(score(model, equal, [size, size]), model.bin_score, 100))
    stack = lambda key: torch.stack([each[key] for each in equal])[None]
    whole = model._match_image_pair(stack("points"), stack("descriptors"), stack("pointScores"), *size)[0][0]
    assert len(matches) > 8
    assert torch.equal(whole[0][whole[0] >= 0], matches[:, 1].to(whole.dtype))


def steps(model: SuperGlueForKeypointMatching, images: list[Tensor], most: int) -> dict[str, Tensor]:
    found = [keypoints(model, image, most) for image in images]
    sizes = [tuple(image.shape[2:]) for image in images]
    check(model, found, sizes[0])
    scores = score(model, found, sizes)
    transport = log_optimal_transport(scores, model.bin_score, 100)
    matches, sure = choose(transport)
    out = {"scores": scores, "transport": transport, "matches": matches.float(), "matchScores": sure}
    for i, image in enumerate(images):
        seen = maps(model, image)
        tokens = {key: seen[key].flatten(2).transpose(1, 2) for key in ("corners", "dense")}
        out |= {f"{key}{i}": tensor for key, tensor in {"image": image, **tokens, **found[i]}.items()}
    print(f"{[len(each['points']) for each in found]} keypoints, scores {scores.mean():.2f} ± {scores.std():.2f},",
          f"{len(matches)} matches, {sure.min():.3f}..{sure.max():.3f}")
    return out


def save(path: Path, tensors: dict[str, Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.clone(memory_format=torch.contiguous_format) for key, tensor in tensors.items()}, path)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def make(full: bool, sizes: list[tuple[int, int]], most: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    g = torch.Generator().manual_seed(41)
    model = build(full)
    weights = randomise(model, g)
    images = pictures(sizes, (8, 0), g)
    spread(model, images[0], weights)
    begin = time.perf_counter()
    golden = {f"golden.{key}": tensor for key, tensor in steps(model, images, most).items()}
    print(f"{time.perf_counter() - begin:.1f} s, torch {torch.__version__}, transformers {transformers.__version__}")
    return weights, golden


def macs(run) -> int:
    with FlopCounterMode(display=False) as flops:
        run()
    return flops.get_total_flops() // 2


def make_published() -> None:
    side, rows = 320, 512
    with torch.device("meta"):
        model = build(full=True)
        size = (side, side)
        some = {"points": torch.empty(rows, 2), "pointScores": torch.empty(rows), "descriptors": torch.empty(rows, 256)}
        costs = {
            "superpoint": {"side": side, "macs": macs(lambda: maps(model, torch.empty(1, 1, side, side)))},
            "superglue": {"keypoints": rows, "macs": macs(lambda: score(model, [some, some], [size, size]))},
        }
        counts = {
            "superpoint": sum(p.numel() for p in model.keypoint_detector.parameters()),
            "superglue": sum(p.numel() for key, p in model.named_parameters() if not key.startswith("keypoint_detector")),
        }
        found = names_and_shapes(model)
    published = {}
    for arch in ("superpoint", "superglue"):
        own = [entry for hub, entry in found.items() if hub.startswith("keypoint_detector.") == (arch == "superpoint")]
        lines = sorted(f"{name} {'x'.join(map(str, shape))}" for name, shape in own)
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        published[arch] = {**costs[arch], "parameters": counts[arch], "tensors": len(own), "shapes": digest}
    print(published)
    (OUT / "published.json").write_text(json.dumps(published, indent=2) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.inference_mode():
        if sys.argv[1:2] == ["--full"] and len(sys.argv) == 5:
            folder = Path(sys.argv[2])
            weights, golden = make(True, [tuple(map(int, size.split("x"))) for size in sys.argv[3:]], MOST)
            save(folder / "weights.safetensors", weights)
            save(folder / "golden.safetensors", golden)
        elif len(sys.argv) == 1:
            weights, golden = make(False, [(64, 80), (72, 64)], MOST)
            # No match may hang on a rounding error.
            near = [len(choose(golden["golden.transport"], THRESHOLD + step)[0]) for step in (-MARGIN, MARGIN)]
            assert near[0] == near[1]
            save(OUT / "tiny.safetensors", weights | golden)
            make_published()
        else:
            sys.exit(__doc__)
