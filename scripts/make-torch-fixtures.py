"""Writes tests/fixtures/torch/: small PyTorch checkpoints of every shape that the reader must know.

Run: python scripts/make-torch-fixtures.py (needs torch, numpy and safetensors). Beside each readable file
lies what it holds as safetensors; files named refused-* must be refused.
"""

import argparse
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "torch"


def state_dict() -> "OrderedDict[str, torch.Tensor]":
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    return net.state_dict()


def every_dtype() -> dict[str, torch.Tensor]:
    values = torch.tensor([[0.0, 1.0, 2.5], [3.0, 4.0, 100.0]])
    return {
        str(dtype).removeprefix("torch."): values.to(dtype)
        for dtype in (
            torch.float64,
            torch.float32,
            torch.float16,
            torch.bfloat16,
            torch.int64,
            torch.int32,
            torch.int16,
            torch.int8,
            torch.uint8,
            torch.bool,
        )
    }


def views() -> dict[str, torch.Tensor]:
    """Tensors of one storage: transposed, sliced, strided, expanded, empty, a scalar."""
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    return {
        "whole": base,
        "transposed": base.permute(2, 0, 1),
        "slice": base[1],
        "strided": base[:, ::2, 1::2],
        "channels_last": torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "expanded": base[0, 0].expand(3, 4),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(7.0),
    }


def write(name: str, content: object, expected: dict[str, torch.Tensor], **options: object) -> None:
    torch.save(content, OUT / f"{name}.pth", **options)
    plain = {key: tensor.detach().clone(memory_format=torch.contiguous_format) for key, tensor in expected.items()}
    save_file(plain, str(OUT / f"{name}.safetensors"))


def deflate(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as stored, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(zipfile.ZipInfo(name), stored.read(name), zipfile.ZIP_DEFLATED)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    state = state_dict()
    write("plain", state, state)
    write("legacy", state, state, _use_new_zipfile_serialization=False)
    write("dtypes", every_dtype(), every_dtype())
    write("views", views(), views())
    for protocol in (3, 4, 5):
        write(f"protocol-{protocol}", state, state, pickle_protocol=protocol)
    training = {
        "epoch": 3,
        "best": 0.75,
        "name": "net",
        "none": None,
        "long": 2**70,
        "list": [1, True, (2, "three")],
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]},
        "state_dict": OrderedDict((f"module.{key}", tensor) for key, tensor in state.items()),
    }
    write("training", training, state)
    parameters = {"model": {key: torch.nn.Parameter(t) for key, t in state.items() if t.is_floating_point()}}
    write("parameters", parameters, parameters["model"])
    deflate(OUT / "plain.pth", OUT / "deflated.pth")
    save_file(dict(state), str(OUT / "deflated.safetensors"))

    torch.save({"state_dict": state, "args": argparse.Namespace(lr=1)}, OUT / "refused-namespace.pth")
    torch.save(torch.nn.Linear(2, 2), OUT / "refused-module.pth")
    torch.save({"a": torch.zeros(2, dtype=torch.complex64)}, OUT / "refused-complex.pth")
    torch.save({"epoch": 3}, OUT / "refused-no-tensors.pth")
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(OUT / "refused-torchscript.pth"))


if __name__ == "__main__":
    main()
