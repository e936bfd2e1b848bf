"""Frames a second of the onnx engine on the CPU and on a GPU: `python -m bench.onnx_device`.

With `--model FILE` your own network, else one made here that costs about what a small face network
does. From a decoded frame to its template, one process, one thread on the CPU. Without a GPU the
second figure says so.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from bench.pictures import face_frames
from facelogin.recognition import ENGINES, Box, EngineUnavailable, Face, Frame

WARM_UP = 3  # a GPU compiles its kernels for the first pictures
LAYERS, CHANNELS, NUMBERS = 12, 64, 512
# About where the drawn person is; where exactly changes nothing of the cost.
FACE = Face(Box(200, 120, 220))


def made_model() -> bytes:
    """Return a network of plain convolutions with random numbers: it costs, and knows nothing."""
    random = np.random.default_rng(0)
    weights, nodes = [], []
    at, channels = "face", 3
    for layer in range(LAYERS):
        matrix = random.normal(0, 0.05, (CHANNELS, channels, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{layer}"))
        stride = 2 if layer in {0, 4, 8} else 1
        names = [at, f"w{layer}"]
        nodes.append(
            helper.make_node("Conv", names, [f"c{layer}"], pads=[1] * 4, strides=[stride] * 2)
        )
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]))
        at, channels = f"r{layer}", CHANNELS
    side = 112 // 8
    last = random.normal(0, 0.01, (CHANNELS * side * side, NUMBERS)).astype(np.float32)
    weights.append(numpy_helper.from_array(last, "last"))
    nodes.append(helper.make_node("Flatten", [at], ["row"]))
    nodes.append(helper.make_node("MatMul", ["row", "last"], ["numbers"]))
    graph = helper.make_graph(
        nodes,
        "costs",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [1, NUMBERS])],
        weights,
    )
    opsets = [helper.make_opsetid("", 13)]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return made


def frames_a_second(device: str, model: bytes, frames: list[Frame]) -> tuple[float, str]:
    """Return the rate, and what the engine says of its device."""
    engine = ENGINES["onnx"](name="onnx-measured", model=model, device=device)
    for frame in frames[:WARM_UP]:
        engine.template(frame, FACE)
    began = time.perf_counter()
    for frame in frames:
        engine.template(frame, FACE)
    return len(frames) / (time.perf_counter() - began), str(getattr(engine, "note", ""))


def measure(model: bytes, count: int) -> list[str]:
    """Return a line for each device."""
    jpegs = face_frames(1)["drawn person"] * count
    frames = [frame for jpeg in jpegs if (frame := Frame.from_bytes(jpeg))]
    assert all(frame.colour.size for frame in frames)  # decoding is not the engine's cost
    on_cpu, _ = frames_a_second("cpu", model, frames)
    lines = [f"CPU, one thread: {on_cpu:.1f} frames/s"]
    on_gpu, note = frames_a_second("gpu", model, frames)
    if note:
        return [*lines, f"GPU: not measured: no GPU ({note})"]
    return [*lines, f"GPU: {on_gpu:.1f} frames/s, {on_gpu / on_cpu:.1f} times the CPU"]


def main(arguments_given: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, help="an ONNX file instead of the one made here")
    parser.add_argument("--frames", type=int, default=100)
    options = parser.parse_args(arguments_given)
    model = options.model.read_bytes() if options.model else made_model()
    try:
        print("\n".join(measure(model, options.frames)))
    except EngineUnavailable as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
