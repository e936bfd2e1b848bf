"""Tiny networks that tests make themselves: no download, a few kilobytes, the same every time."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CELL = 16  # px


def model(
    shape: tuple[Any, ...] = (1, 3, 112, 112),
    *,
    numbers: int = 64,
    seed: int = 0,
    kind: int = TensorProto.FLOAT,
    inputs: int = 1,
    flat: bool = True,
) -> bytes:
    """A network that turns means of 16x16 pixels by a random matrix; `seed` makes another one."""
    sides = [112 if not isinstance(n, int) else n for n in shape[1:] if n != 3]
    cells = 3 * (sides[0] // CELL) * (sides[1] // CELL)
    matrix = np.random.default_rng(seed).normal(size=(cells, numbers)).astype(np.float32)
    names = [f"face{number}" for number in range(inputs)]
    nodes = []
    at = names[0]
    if kind != TensorProto.FLOAT:
        nodes.append(helper.make_node("Cast", [at], ["floats"], to=TensorProto.FLOAT))
        at = "floats"
    if shape[-1] == 3:
        nodes.append(helper.make_node("Transpose", [at], ["first"], perm=[0, 3, 1, 2]))
        at = "first"
    nodes += [
        helper.make_node(
            "AveragePool", [at], ["means"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]
        ),
        helper.make_node("Flatten", ["means"], ["row"]),
        helper.make_node("MatMul", ["row", "matrix"], ["numbers" if flat else "product"]),
    ]
    if not flat:
        nodes.append(helper.make_node("Flatten", ["product"], ["numbers"], axis=0))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name in names],
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [None, None])],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made)
    return made.SerializeToString()
