"""Engines turn a face into a template and compare templates; one module and one line here each."""

from facelogin.recognition.engines import onnx, resnet
from facelogin.recognition.engines.contract import Engine, EngineKind, PackageFile
from facelogin.recognition.engines.lbph import LbphEngine
from facelogin.recognition.engines.lbph_plain import PlainLbphEngine

__all__ = ["ENGINES", "Engine", "EngineKind", "PackageFile"]

ENGINES: dict[str, EngineKind] = {
    "lbph": EngineKind(LbphEngine),
    "lbph_plain": EngineKind(PlainLbphEngine),
    "resnet": resnet.KIND,
    "onnx": onnx.KIND,
}
