"""The compiled cffi extension: its functions are described in ossicle.h."""

from typing import Any

ffi: Any
lib: Any
