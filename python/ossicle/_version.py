"""Versions of the engine, and what it runs on."""

from __future__ import annotations

from ._ffi import ffi, lib

#: The release, such as "0.1.0".
__version__: str = ffi.string(lib.ossicle_version()).decode()


def abi_version() -> int:
    """The version of the C interface: `major * 1000 + minor`."""
    return int(lib.ossicle_abi_version())


def isa() -> str:
    """The instruction set in use: "avx512", "avx2", "sse2" or "neon"."""
    return bytes(ffi.string(lib.ossicle_isa())).decode()


if lib.ossicle_abi_version() // 1000 != lib.OSSICLE_ABI_VERSION // 1000:
    raise ImportError(
        f"libossicle has interface {lib.ossicle_abi_version()}, this package needs {lib.OSSICLE_ABI_VERSION}"
    )
