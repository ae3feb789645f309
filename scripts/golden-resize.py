"""Writes tests/fixtures/resize-golden.json: what Pillow's Image.resize(BILINEAR) gives.

Run: python3 scripts/golden-resize.py (needs Pillow and numpy). Inputs are made by a formula that the
test repeats, so only Pillow's outputs are stored. Mode F has no rounding, mode L rounds twice.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

# width, height -> width, height: shrinking, enlarging, both at once, odd ratios, single pixels.
CASES = [
    (37, 23, 16, 9),
    (13, 7, 40, 24),
    (31, 5, 8, 12),
    (64, 48, 32, 24),
    (101, 3, 2, 2),
    (1, 1, 3, 2),
    (9, 9, 9, 9),
]


def source(width: int, height: int) -> np.ndarray:
    """[height, width] of 0..255, from a mixed index: sourcePixel in the test."""
    index = np.arange(width * height, dtype=np.uint64)
    return ((index * 2654435761 % 2**32) >> 24).astype(np.uint8).reshape(height, width)


def main() -> None:
    cases = []
    for width, height, to_width, to_height in CASES:
        pixels = source(width, height)
        size = (to_width, to_height)
        as_float = Image.fromarray(pixels.astype(np.float32), mode="F").resize(size, Image.Resampling.BILINEAR)
        as_bytes = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
        cases.append(
            {
                "from": [width, height],
                "to": [to_width, to_height],
                "float": [round(float(v), 4) for v in np.asarray(as_float).ravel()],
                "bytes": [int(v) for v in np.asarray(as_bytes).ravel()],
            }
        )
    out = Path(__file__).parent.parent / "tests" / "fixtures" / "resize-golden.json"
    out.write_text(json.dumps({"cases": cases}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
