"""The whole state dict of a network of timm, classifier and counters included, with random weights.

Usage: python scripts/published-checkpoint.py NAME FILE   (FILE ends in .safetensors or .pth)
"""

import sys

import timm
import torch
from safetensors.torch import save_file

SEED = 21


def main(name: str, file: str) -> None:
    torch.manual_seed(SEED)
    state = timm.create_model(name, pretrained=False).state_dict()
    if file.endswith(".safetensors"):
        save_file({key: tensor.contiguous() for key, tensor in state.items()}, file)
    else:
        torch.save(state, file)
    print(f"PyTorch {torch.__version__}, timm {timm.__version__}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
