"""Holds emitted ONNX files to the ONNX standard: onnx.checker with shape inference, and our own rules.

Usage: pip install -r scripts/requirements.txt && python scripts/check-onnx.py FILE.onnx...
Exit code 1 when a file breaks a rule.
"""

import sys
from collections import Counter

import onnx

# Wrong on WebGPU (auto_pad: onnxruntime#26734; GridSample: onnxruntime#32275), or left unfolded.
FORBIDDEN_OPS = {"GridSample", "BatchNormalization"}
FORBIDDEN_ATTRIBUTES = {"auto_pad"}


def broken_rules(model: onnx.ModelProto) -> list[str]:
    found = []
    for node in model.graph.node:
        if node.op_type in FORBIDDEN_OPS:
            found.append(f"{node.name}: {node.op_type}")
        for attribute in node.attribute:
            if attribute.name in FORBIDDEN_ATTRIBUTES:
                found.append(f"{node.name}: {attribute.name}")
    return found


def check(path: str) -> bool:
    model = onnx.load(path)
    try:
        onnx.checker.check_model(model, full_check=True)
        problems = broken_rules(model)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        problems = [str(error)]
    ops = Counter(node.op_type for node in model.graph.node)
    opset = model.opset_import[0].version
    print(f"{path}: opset {opset}, IR {model.ir_version}, {dict(ops.most_common())}")
    for problem in problems:
        print(f"  {problem}")
    return not problems


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = [check(path) for path in sys.argv[1:]]
    sys.exit(0 if all(results) else 1)
