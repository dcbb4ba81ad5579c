"""C++ peers, where `native/build.sh` has built them; compare.py takes the best of RTNeural's variants."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
from peers import Peer

FOLDER = Path(__file__).resolve().parents[1] / ".build" / "native"
RTNEURAL = ("rtneural-xsimd", "rtneural-xsimd-avx2", "rtneural-eigen")


class NativeStream(Peer):
    """One network of a peer's library, fed block by block; only the call itself crosses into C."""

    def __init__(self, library: ctypes.CDLL, handle: int | None, x: np.ndarray) -> None:
        if not handle:
            raise ImportError("the peer does not have this network")
        self.x, self.y, self.handle = x.copy(), np.zeros(x.shape, np.float32), ctypes.c_void_p(handle)
        self.reset_call, self.call = library.peer_reset, library.peer_run
        self.arguments = (self.handle, _address(self.x), _address(self.y), ctypes.c_int64(x.size))

    def run(self) -> None:
        self.call(*self.arguments)

    def reset(self) -> None:
        self.reset_call(self.handle)


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _library(name: str) -> ctypes.CDLL:
    path = FOLDER / f"{name}.so"
    if not path.exists():
        raise ImportError(f"{path} is not built")
    return ctypes.CDLL(str(path))


def recurrent(
    kind: str, hidden: int, weights: list[np.ndarray], x: np.ndarray
) -> dict[str, Callable[[], Peer]]:
    """RTNeural's variants, from weight_ih, weight_hh, bias_ih, bias_hh and the Linear's weight and bias."""
    arrays = [np.ascontiguousarray(value, np.float32) for value in weights]

    def make(name: str) -> Peer:
        library = _library(name)
        library.peer_recurrent.restype = ctypes.c_void_p
        pointers = (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
        handle = library.peer_recurrent(kind.encode(), ctypes.c_int64(hidden), pointers)
        return NativeStream(library, handle, x)

    return {name: lambda name=name: make(name) for name in RTNEURAL}


def nam(path: Path, x: np.ndarray) -> dict[str, Callable[[], Peer]]:
    def make() -> Peer:
        library = _library("nam-core")
        library.peer_nam.restype = ctypes.c_void_p
        return NativeStream(library, library.peer_nam(str(path).encode()), x)

    return {"nam-core": make}
