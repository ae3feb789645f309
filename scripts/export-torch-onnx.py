"""A network of timm with random weights, exported to ONNX by PyTorch itself: what ours is measured beside.

Usage: python scripts/export-torch-onnx.py ARCH/SPEC SIDE FOLDER   (needs timm, onnx, onnxscript)
EfficientNet-Lite is that of efficientnet_lite_pytorch; torchvision/SPEC is a network of torchvision, which is none of ours.
Writes FOLDER/SPEC.onnx (input image [1, 3, SIDE, SIDE], output the mean over the last map) and
FOLDER/SPEC.safetensors, the same weights by timm's names. Then:
  cairn bench encode --model ARCH/SPEC --size SIDE --weights FOLDER/SPEC.safetensors --beside FOLDER/SPEC.onnx
"""

import sys
from pathlib import Path

import onnx
import timm
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import save_file
from timm.models.nfnet import NfCfg, NormFreeNet
from timm.models.resnet import Bottleneck, ResNet
from timm.models.swin_transformer import SwinTransformer
from torch import Tensor, nn

SEED = 20
# As src/tensor/onnx/graph.ts.
OPSET = 20
# What the packages' networks have beyond the last map; timm leaves it out where it is told to.
CLASSIFIERS = ("_fc.", "classifier.")


def compact_seresnet() -> ResNet:
    model = ResNet(Bottleneck, layers=(2, 3, 6, 3), channels=(24, 48, 96, 192), num_classes=0, global_pool="",
                   block_args={"attn_layer": "se"})
    # timm's plain stem has 64 channels, always.
    stem, first = 32, model.layer1[0]
    model.conv1 = nn.Conv2d(3, stem, 7, stride=2, padding=3, bias=False)
    model.bn1 = nn.BatchNorm2d(stem)
    first.conv1 = nn.Conv2d(stem, first.conv1.out_channels, 1, bias=False)
    first.downsample[0] = nn.Conv2d(stem, first.downsample[0].out_channels, 1, bias=False)
    return model


def compact_nfnet() -> NormFreeNet:
    return NormFreeNet(NfCfg(
        depths=(1, 2, 6, 3), channels=(96, 192, 640, 640), stem_type="deep_quad", stem_chs=32, group_size=8,
        bottle_ratio=0.25, extra_conv=True, num_features=768, act_layer="silu", attn_layer="eca", attn_kwargs={}),
        num_classes=0, global_pool="")


# Side that the compact Swin is made for; at another its tables of positions are resized by timm, as by us.
COMPACT_SWIN = {"side": 224, "window": 7}


def build(arch: str, spec: str, side: int) -> nn.Module:
    if arch == "efficientnet-lite":
        return EfficientNet.from_name(f"efficientnet-{spec}", image_size=None)
    if arch == "torchvision":
        return getattr(torchvision.models, spec)()
    if spec != "compact":
        fixed = {"img_size": side} if arch == "swin" else {}
        return timm.create_model(spec, num_classes=0, global_pool="", **fixed)
    if arch == "swin":
        return SwinTransformer(img_size=COMPACT_SWIN["side"], window_size=COMPACT_SWIN["window"], embed_dim=32,
                               depths=(2, 2, 6, 2), num_heads=(1, 2, 4, 8), num_classes=0, global_pool="")
    return {"se-resnet": compact_seresnet, "nfnet": compact_nfnet}[arch]()


class Pooled(nn.Module):
    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.sides = (1, 2) if isinstance(backbone, SwinTransformer) else (2, 3)

    def forward(self, image: Tensor) -> Tensor:
        return self.last_map(image).mean(self.sides)

    def last_map(self, image: Tensor) -> Tensor:
        if isinstance(self.backbone, EfficientNet):
            return self.backbone.extract_features(image)
        if hasattr(self.backbone, "forward_features"):
            return self.backbone.forward_features(image)
        return self.backbone.features(image)


def open_branches(model: nn.Module) -> None:
    """What starts at zero would hide half of the network."""
    for name, parameter in model.named_parameters():
        if name.endswith("skipinit_gain") or name.endswith("bn3.weight"):
            parameter.fill_(0.3)
        elif name.endswith("relative_position_bias_table"):
            parameter.normal_()


def main(model_name: str, side: int, folder: Path) -> None:
    arch, spec = model_name.split("/")
    torch.manual_seed(SEED)
    model = build(arch, spec, side).eval()
    open_branches(model)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {k: v.contiguous() for k, v in model.state_dict().items()
               if not k.endswith("num_batches_tracked") and not k.startswith(CLASSIFIERS)}
    save_file(weights, folder / f"{spec}.safetensors")
    torch.save(model.state_dict(), folder / f"{spec}.pth")
    if (arch, spec) == ("swin", "compact"):
        model.set_input_size((side, side), window_size=COMPACT_SWIN["window"])
    path = folder / f"{spec}.onnx"
    image = torch.randn(1, 3, side, side)
    torch.onnx.export(Pooled(model).eval(), (image,), str(path), input_names=["image"], output_names=["features"],
                      opset_version=OPSET, dynamo=True, external_data=False)
    onnx.checker.check_model(str(path))
    print(f"{path}: {len(onnx.load(path).graph.node)} nodes, {path.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with torch.no_grad():
        main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
