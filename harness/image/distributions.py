"""Python distributions, and traces of ML frameworks, below a folder of an image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.image.system import Package
from harness.image.tree import Kind, Tree, walk

FRAMEWORKS = {
    "torch": "PyTorch",
    "pytorch": "PyTorch",
    "libtorch": "PyTorch",
    "tensorflow": "TensorFlow",
    "libtensorflow": "TensorFlow",
    "tf-nightly": "TensorFlow",
    "tflite-runtime": "TensorFlow Lite",
    "keras": "Keras",
    "jax": "JAX",
    "jaxlib": "JAX",
    "flax": "Flax",
    "mxnet": "MXNet",
    "paddlepaddle": "PaddlePaddle",
    "paddle": "PaddlePaddle",
    "onnxruntime": "ONNX Runtime",
    "libonnxruntime": "ONNX Runtime",
    "scikit-learn": "scikit-learn",
    "sklearn": "scikit-learn",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "mindspore": "MindSpore",
    "tinygrad": "tinygrad",
    "theano": "Theano",
    "fastai": "fastai",
    "pytorch-lightning": "PyTorch Lightning",
    "mlx": "MLX",
}
"""Name of a distribution, import package or library, and the framework that it belongs to."""

_IMPORT_FOLDERS = ("site-packages", "dist-packages")
_METADATA = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+?)(-py[\d.]+)?\.(?:dist|egg)-info$")
_WHEEL = re.compile(r"^(?P<name>[^-]+)-(?P<version>[^-]+)-.+\.whl$")
_LIBRARY = re.compile(r"^(?P<name>libtorch|libtensorflow|libonnxruntime)(_[a-z]+)*\.so(?:\.[\d.]+)?$")
_CONDA = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)-[^-]+\.json$")
_DEBIAN = re.compile(
    r"^(?:python3?-|lib)(?P<name>torch|sklearn|tensorflow|keras|jax|xgboost|lightgbm|onnxruntime|theano)"
)


@dataclass(frozen=True)
class Distribution:
    """A Python distribution, by its metadata.

    Attributes:
        name: Normalized: `scikit-learn`.
        version: As in the metadata's name.
        path: Its metadata in the image.
        removed: Whether what is there is the mark of an overlay that hides it.
    """

    name: str
    version: str
    path: str
    removed: bool = False


@dataclass(frozen=True)
class Trace:
    """A sign of an ML framework.

    Attributes:
        framework: `PyTorch`, …
        version: Where the sign has it; else empty.
        path: The sign itself, a path in the image or `package NAME`.
    """

    framework: str
    version: str
    path: str


@dataclass(frozen=True)
class Contents:
    """What a walk found.

    Attributes:
        distributions: Python distributions.
        traces: Signs of ML frameworks, one a framework and place.
    """

    distributions: tuple[Distribution, ...]
    traces: tuple[Trace, ...]


def read_contents(tree: Tree, top: str, skip: frozenset[str] = frozenset()) -> Contents:
    """Walk `top` whole, except the folders of `skip`.

    Raises:
        Unreadable: A folder of it is damaged.
    """
    distributions: list[Distribution] = []
    traces: list[Trace] = []
    for folder, inside in walk(tree, top, skip):
        distributions += _distributions(folder, inside)
        traces += _traces(folder, inside)
    found = {(it.framework, posixpath.dirname(it.path)): it for it in sorted(traces, key=lambda it: bool(it.version))}
    return Contents(tuple(distributions), tuple(sorted(found.values(), key=lambda it: (it.framework, it.path))))


def package_traces(packages: Mapping[str, Package]) -> tuple[Trace, ...]:
    """ML frameworks among the operating system's packages."""
    found = []
    for package in packages.values():
        match = _DEBIAN.match(package.name)
        if match:
            found.append(Trace(FRAMEWORKS[match["name"]], package.version, f"package {package.name}"))
    return tuple(found)


def _distributions(folder: str, inside: Mapping[str, Kind]) -> Iterator[Distribution]:
    for name, kind in inside.items():
        match = _METADATA.match(name)
        if match:
            path = posixpath.join(folder, name)
            yield Distribution(_normal(match["name"]), match["version"], path, removed=kind is Kind.OTHER)


def _traces(folder: str, inside: Mapping[str, Kind]) -> Iterator[Trace]:
    importable = posixpath.basename(folder) in _IMPORT_FOLDERS
    conda = posixpath.basename(folder) == "conda-meta"
    for name, kind in inside.items():
        path = posixpath.join(folder, name)
        match = _METADATA.match(name) if kind in (Kind.FOLDER, Kind.FILE) else None
        if kind is Kind.FILE:
            match = match or _WHEEL.match(name) or _LIBRARY.match(name) or (_CONDA.match(name) if conda else None)
        if match:
            framework = _framework(match["name"])
            if framework:
                yield Trace(framework, match.groupdict().get("version") or "", path)
        elif importable and kind is Kind.FOLDER and name in FRAMEWORKS:
            yield Trace(FRAMEWORKS[name], "", path)


def _framework(name: str) -> str | None:
    normal = _normal(name)
    # tensorflow-cpu, onnxruntime-gpu, jax-cuda12-plugin, … are builds of the same framework.
    stem = re.sub(r"-(cpu|gpu|intel|rocm|metal|directml|cuda\d*.*)$", "", normal)
    return FRAMEWORKS.get(normal) or FRAMEWORKS.get(stem)


def _normal(name: str) -> str:
    """A distribution's name as the packaging specification normalizes it."""
    return re.sub(r"[-_.]+", "-", name).lower()
