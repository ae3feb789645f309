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
# onnxruntime-web 1.30 on WebGPU fuses two of these in a row into a convolution and applies the second alone.
ACTIVATIONS = {"Clip", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid"}


def broken_rules(model: onnx.ModelProto) -> list[str]:
    found = []
    producers = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type in FORBIDDEN_OPS:
            found.append(f"{node.name}: {node.op_type}")
        source = producers.get(node.input[0])
        if node.op_type in ACTIVATIONS and source is not None and source.op_type in ACTIVATIONS:
            found.append(f"{node.name}: follows {source.op_type} of {source.name}")
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
