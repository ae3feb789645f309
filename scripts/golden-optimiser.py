"""Writes tests/fixtures/training/optimiser.safetensors: 20 steps of torch.optim, clipping and schedules.

Run: python scripts/golden-optimiser.py (needs torch and safetensors).
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "training" / "optimiser.safetensors"
STEPS = 20
# Two decayed matrices, a filter, and what no decay applies to.
SHAPES = {
    "fc.weight": (6, 5),
    "fc.bias": (6,),
    "conv.weight": (3, 3, 2, 4),
    "norm.weight": (4,),
    "conv.gain": (4, 1, 1, 1),
    "pooling.p": (1,),
    "attn.relative_position_bias_table": (9, 2),
}
DECAYED = {"fc.weight", "conv.weight"}
OPTIMISERS = {
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=1, betas=(0.9, 0.999), eps=1e-8),
    "sgd": lambda groups: torch.optim.SGD(groups, lr=1, momentum=0.9),
    "nesterov": lambda groups: torch.optim.SGD(groups, lr=1, momentum=0.9, nesterov=True),
}


def main() -> None:
    torch.manual_seed(5)
    out: dict[str, torch.Tensor] = {}
    start = {name: torch.randn(shape) for name, shape in SHAPES.items()}
    # Of very different sizes, some exactly 0, as dead units have.
    gradients = [
        {name: torch.randn(shape) * 10 ** -(i % 4) for i, (name, shape) in enumerate(SHAPES.items())}
        for _ in range(STEPS)
    ]
    for step in gradients:
        step["fc.weight"][2] = 0
    for step, of in enumerate(gradients):
        out |= {f"gradient.{step}.{name}": value for name, value in of.items()}
    out |= {f"start.{name}": value for name, value in start.items()}

    rates = [0.01 * (step + 1) / 5 if step < 5 else 0.005 * (1 + math.cos(math.pi * (step - 5) / 15)) for step in range(STEPS)]
    out["rates"] = torch.tensor(rates)
    for kind, make in OPTIMISERS.items():
        # float64 for what is true; torch's own float32 is as far from it as ours may be.
        values = {name: value.double().requires_grad_() for name, value in start.items()}
        optimiser = make(
            [
                {"params": [values[name] for name in SHAPES if name in DECAYED], "weight_decay": 0.05},
                {"params": [values[name] for name in SHAPES if name not in DECAYED], "weight_decay": 0.0},
            ]
        )
        for step, of in enumerate(gradients):
            for group in optimiser.param_groups:
                group["lr"] = rates[step]
            for name, value in values.items():
                value.grad = of[name].double()
            optimiser.step()
        out |= {f"{kind}.{name}": value.detach() for name, value in values.items()}

    for max_norm in (0.5, 100.0):
        parameters = [torch.zeros(shape, requires_grad=True) for shape in SHAPES.values()]
        for parameter, gradient in zip(parameters, gradients[0].values()):
            parameter.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
        out[f"clip.{max_norm:g}.norm"] = norm.reshape(1)
        out |= {f"clip.{max_norm:g}.{name}": p.grad for name, p in zip(SHAPES, parameters)}
    # Annealing alone, as torch has it.
    scheduled = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(scheduled, T_max=12, eta_min=0.01)
    annealed = []
    for _ in range(12):
        annealed.append(scheduled.param_groups[0]["lr"])
        scheduled.step()
        scheduler.step()
    out["annealed"] = torch.tensor(annealed)

    OUT.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.float().contiguous() for name, tensor in out.items()}, str(OUT))


if __name__ == "__main__":
    main()
