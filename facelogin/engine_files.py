"""What an engine is loaded from: files of installed packages, or the operator's own model.

The server looks everything up and says in words what is missing; each recognition process then
loads what was found. Nothing here imports an engine's packages.
"""

import functools
import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from facelogin.recognition import ENGINES, Engine, EngineKind, EngineUnavailable

DIGEST_CHARACTERS = 8  # tells an operator's models apart; nobody gains by making two alike
DEFAULT = "lbph"


@dataclass(frozen=True)
class EngineSource:
    """Where one engine is loaded from; small, since it goes to every process.

    Attributes
    ----------
    kind, name : str
        Its key in ENGINES, and what references and tables call it.
    arguments : mapping of str to str
        Keyword arguments for the loader.
    model : str
        Path of the operator's model, if it has one.
    """

    kind: str
    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    model: str = ""


@functools.lru_cache(maxsize=32)
def _digest(path: Path, _size: int, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of(path: Path) -> str:
    """Return a file's SHA-256; read once for each version of the file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    seen = path.stat()
    return _digest(path, seen.st_size, seen.st_mtime_ns)


def name_of(engine: str) -> str:
    """Return what references call an engine: with a digest where a model is the operator's.

    Raises
    ------
    EngineUnavailable
        If the model's file cannot be read.
    """
    kind = ENGINES.get(engine)
    if kind is None or not kind.model_setting:
        return engine
    return _bound_name(engine, digest_of(_model(engine, kind)))


def _bound_name(engine: str, digest: str) -> str:
    return f"{engine}-{digest[:DIGEST_CHARACTERS]}"


def _model(engine: str, kind: EngineKind) -> Path:
    example = f"Example: {kind.model_setting}=/var/lib/kubevision/face.onnx"
    value: str = getattr(settings, kind.model_setting)
    if not value:
        raise EngineUnavailable(
            f"{kind.model_setting} is not set: the engine {engine} runs a model of yours, "
            f"docs/engines.md says which fit. {example}"
        )
    try:
        digest_of(Path(value))
    except OSError as error:
        raise EngineUnavailable(
            f"{kind.model_setting} names {value}, which cannot be read: {error.strerror}. {example}"
        ) from None
    return Path(value)


def _package_folder(engine: str, kind: EngineKind, package: str) -> Path:
    """Find an installed package without importing it: some print or warn when they are."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise EngineUnavailable(
            f"FACELOGIN_ENGINE={engine} needs the package {package}, which is not installed: "
            f"`pip install --require-hashes -r {kind.requirements}`, or use the engine that needs "
            f"none. Example: FACELOGIN_ENGINE={DEFAULT}"
        )
    return Path(found.origin).parent


def source(engine: str) -> EngineSource:
    """Find all that an engine needs.

    Raises
    ------
    ValueError
        If there is no such engine.
    EngineUnavailable
        If something is missing or is not what it should be; the message says what to do.
    """
    if engine not in ENGINES:
        raise ValueError(f"no engine {engine!r}; there are: {', '.join(sorted(ENGINES))}")
    kind = ENGINES[engine]
    folders = {package: _package_folder(engine, kind, package) for package in kind.packages}
    arguments = {}
    for keyword, file in kind.files.items():
        path = folders[file.package] / file.path
        try:
            problem = "" if digest_of(path) == file.digest else "is damaged or another version"
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
        if problem:
            raise EngineUnavailable(
                f"FACELOGIN_ENGINE={engine} needs {path.name} of {file.package}, which {problem}: "
                f"`pip install --force-reinstall --require-hashes -r {kind.requirements}`, or use "
                f"another engine. Example: FACELOGIN_ENGINE={DEFAULT}"
            )
        arguments[keyword] = str(path)
    arguments |= {keyword: getattr(settings, name) for keyword, name in kind.settings.items()}
    model = str(_model(engine, kind)) if kind.model_setting else ""
    return EngineSource(engine, name_of(engine), arguments, model)


def load(wanted: EngineSource) -> Engine:
    """Load what `source` found; done in a recognition process.

    Raises
    ------
    EngineUnavailable
        If it does not load; the message says what to do.
    """
    kind = ENGINES[wanted.kind]
    if not wanted.model:
        return kind(**wanted.arguments)
    try:
        model = Path(wanted.model).read_bytes()
    except OSError as error:
        raise EngineUnavailable(
            f"{kind.model_setting} names {wanted.model}, which cannot be read: {error.strerror}"
        ) from None
    if _bound_name(wanted.kind, hashlib.sha256(model).hexdigest()) != wanted.name:
        raise EngineUnavailable(
            f"{kind.model_setting}: {wanted.model} was replaced while the server ran. "
            "Restart the server, with a calibration table of the new model."
        )
    return kind(name=wanted.name, model=model, **wanted.arguments)
