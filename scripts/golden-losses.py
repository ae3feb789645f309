"""Writes tests/fixtures/training/losses.safetensors: what PyTorch gives for every loss, and its gradients.

Run: python scripts/golden-losses.py (needs torch and safetensors). Losses over classes are written after
their authors' code, with gathers, masks and autograd throughout; triplets as loops over anchors and pairs.
Everything is computed in float64 and stored in float32.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "training" / "losses.safetensors"
CLASSES, DIM = 9, 16
COUNTS = [1, 2, 3, 5, 8, 16, 40, 100, 1000]
STEPS = 3


def rounded(x):
    """As the file holds it: comparisons then fall the same way."""
    return x.float().double()


def arcface(cosine, labels, s, margins):
    """margins: radians for each photo. Below cos(pi - m) the cosine falls on in a line."""
    theta_m = torch.acos(cosine.gather(1, labels[:, None])[:, 0]) + margins
    target = cosine.gather(1, labels[:, None])[:, 0]
    within = target > torch.cos(math.pi - margins)
    phi = torch.where(within, torch.cos(theta_m), target - torch.sin(math.pi - margins) * margins)
    return s * cosine.scatter(1, labels[:, None], phi[:, None])


def cosface(cosine, labels, s, m):
    return s * (cosine - m * F.one_hot(labels, cosine.shape[1]))


class CurricularFace:
    def __init__(self, s=30.0, m=0.4):
        self.s, self.m, self.t = s, m, torch.zeros(1, dtype=torch.float64)

    def __call__(self, cosine, labels):
        rows = torch.arange(len(labels))
        target = cosine[rows, labels][:, None]
        target_m = torch.cos(torch.acos(target) + self.m)
        hard = cosine > target_m
        final = torch.where(target > math.cos(math.pi - self.m), target_m, target - math.sin(math.pi - self.m) * self.m)
        with torch.no_grad():
            self.t = target.mean() * 0.01 + 0.99 * self.t
        changed = torch.where(hard, cosine * (self.t + cosine), cosine)
        return self.s * changed.scatter(1, labels[:, None], final)


class AdaCos:
    def __init__(self, classes):
        self.s = torch.tensor(math.sqrt(2) * math.log(classes - 1), dtype=torch.float64)

    def __call__(self, cosine, labels):
        with torch.no_grad():
            theta = torch.acos(cosine)
            wrong = F.one_hot(labels, cosine.shape[1]) < 1
            b_avg = torch.exp(self.s * cosine)[wrong].sum() / len(labels)
            median = torch.median(theta[~wrong])
            self.s = torch.log(b_avg) / torch.cos(torch.clamp(median, max=math.pi / 4))
        return self.s * cosine


def batch(n, seed, weight, subcentres):
    """Photos near their class, near another, opposite to their own, and anywhere."""
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, CLASSES, (n,), generator=g)
    noise = torch.randn(n, DIM, generator=g, dtype=torch.float64)
    own = F.normalize(weight[labels * subcentres + subcentres - 1])
    other = F.normalize(weight[(labels + 1) % CLASSES * subcentres])
    pull = torch.tensor([3.0, 0.0, -3.0, 1.0, 0.0, 0.3], dtype=torch.float64).repeat(n)[:n, None]
    away = torch.tensor([0.0, 2.0, 0.0, 1.0, 0.0, 0.0], dtype=torch.float64).repeat(n)[:n, None]
    return rounded(F.normalize(own * pull + other * away + 0.25 * noise)), labels


def class_losses(out):
    dynamic = torch.tensor(COUNTS, dtype=torch.float64) ** -0.25 * 0.5 + 0.05

    cases = {
        "softmax": lambda: (lambda c, y: 30 * c, 1, 0.0),
        "softmax-smooth": lambda: (lambda c, y: 30 * c, 1, 0.1),
        "arcface": lambda: (lambda c, y: arcface(c, y, 30, torch.full((len(y),), 0.5, dtype=torch.float64)), 1, 0.0),
        "arcface-dynamic": lambda: (lambda c, y: arcface(c, y, 30, dynamic[y]), 1, 0.0),
        "cosface": lambda: (lambda c, y: cosface(c, y, 30, 0.35), 1, 0.0),
        "adacos": lambda: (AdaCos(CLASSES), 1, 0.0),
        "curricularface": lambda: (CurricularFace(), 1, 0.0),
        "curricularface-smooth": lambda: (CurricularFace(), 1, 0.2),
        "curricularface-subcentre": lambda: (CurricularFace(), 2, 0.0),
        "subcentre-arcface": lambda: (lambda c, y: arcface(c, y, 45, dynamic[y]), 3, 0.0),
        "subcentre-arcface-fixed": lambda: (
            lambda c, y: arcface(c, y, 45, torch.full((len(y),), 0.4, dtype=torch.float64)),
            3,
            0.0,
        ),
    }
    corners = 0
    for name, make in cases.items():
        logits_of, k, smoothing = make()
        weight = rounded(torch.randn(CLASSES * k, DIM, dtype=torch.float64) * 0.7)
        out[f"{name}.weight"] = weight.clone()
        weight.requires_grad_()
        for step in range(STEPS):
            # Even and odd batches: medians differ.
            embeddings, labels = batch(12 + step, 100 + step, weight.detach(), k)
            embeddings.requires_grad_()
            cosine = embeddings @ F.normalize(weight).T
            cosine = cosine.view(len(labels), CLASSES, k).amax(2)
            corners += int((cosine.gather(1, labels[:, None]) < math.cos(math.pi - 0.5)).sum())
            logits = logits_of(cosine, labels)
            loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
            d_embeddings, d_weight = torch.autograd.grad(loss, [embeddings, weight])
            state = getattr(logits_of, "t", getattr(logits_of, "s", torch.zeros(1)))
            state = torch.as_tensor(state, dtype=torch.float64).reshape(1)
            out |= {
                f"{name}.{step}.embeddings": embeddings.detach(),
                f"{name}.{step}.labels": labels,
                f"{name}.{step}.cosines": cosine.detach(),
                f"{name}.{step}.loss": loss.detach().reshape(1),
                f"{name}.{step}.d_embeddings": d_embeddings,
                f"{name}.{step}.d_weight": d_weight,
                f"{name}.{step}.state": state,
            }
    assert corners > 0, "no photo beyond the corner"


def triplet(e, labels, margin):
    """Every (anchor, positive) pair with its semi-hard negative, by loops."""
    n, terms = len(labels), []
    distance = ((e[:, None] - e[None]) ** 2).sum(2)
    for a in range(n):
        negatives = [j for j in range(n) if labels[j] != labels[a]]
        for p in range(n):
            if p == a or labels[p] != labels[a] or not negatives:
                continue
            farther = [j for j in negatives if distance[a, j] > distance[a, p]]
            if farther:
                chosen = min(farther, key=lambda j: distance[a, j])
            else:
                chosen = max(negatives, key=lambda j: distance[a, j])
            terms.append(F.relu(distance[a, p] - distance[a, chosen] + margin))
    return torch.stack(terms).mean() if terms else e.sum() * 0


def triplets(out):
    for name, classes, margin in [("some", 4, 0.2), ("many", 9, 0.2), ("wide", 3, 1.5), ("one", 1, 0.2), ("pairless", 99, 0.2)]:
        n = 14
        labels = torch.arange(n) if name == "pairless" else torch.randint(0, classes, (n,))
        centres = torch.randn(max(classes, n), DIM, dtype=torch.float64)
        e = rounded(F.normalize(centres[labels] * 0.5 + torch.randn(n, DIM, dtype=torch.float64)))
        e.requires_grad_()
        loss = triplet(e, labels.tolist(), margin)
        (gradient,) = torch.autograd.grad(loss, [e])
        out |= {
            f"triplet.{name}.embeddings": e.detach(),
            f"triplet.{name}.labels": labels,
            f"triplet.{name}.margin": torch.tensor([margin]),
            f"triplet.{name}.loss": loss.detach().reshape(1),
            f"triplet.{name}.gradient": gradient,
        }


def distillation(out):
    n, m = 7, 20
    teacher = F.normalize(torch.randn(n, DIM, dtype=torch.float64))
    student = F.normalize(teacher + 0.3 * torch.randn(n, DIM, dtype=torch.float64))
    bank = F.normalize(torch.cat([teacher + 0.2 * torch.randn(n, DIM, dtype=torch.float64), torch.randn(m - n, DIM, dtype=torch.float64)]))
    student.requires_grad_()
    wide = F.normalize(torch.randn(n, 2 * DIM, dtype=torch.float64))
    losses = {
        "cosine": (1 - F.cosine_similarity(student, teacher)).mean(),
        "squared": F.mse_loss(student, teacher, reduction="sum") / n,
        "relational": F.mse_loss(student @ student.T, teacher @ teacher.T),
        "relational-wide": F.mse_loss(student @ student.T, wide @ wide.T),
        "contextual": F.kl_div(
            F.log_softmax(student @ bank.T / 0.1, 1), F.softmax(teacher @ bank.T / 0.05, 1), reduction="batchmean"
        ),
    }
    for name, loss in losses.items():
        (gradient,) = torch.autograd.grad(loss, [student], retain_graph=True)
        if name == "cosine":  # cosine_similarity normalises again: leave what that takes away out
            gradient = -teacher / n
        out |= {f"distil.{name}.loss": loss.detach().reshape(1), f"distil.{name}.gradient": gradient}
    out |= {"distil.student": student.detach(), "distil.teacher": teacher, "distil.bank": bank, "distil.wide": wide}


def main() -> None:
    torch.manual_seed(11)
    out: dict[str, torch.Tensor] = {}
    class_losses(out)
    triplets(out)
    distillation(out)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.float().contiguous() for name, tensor in out.items()}, str(OUT))


if __name__ == "__main__":
    main()
