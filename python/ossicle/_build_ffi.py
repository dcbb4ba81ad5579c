"""The cffi builder: declarations are taken from the hand-written C headers, the one source of the interface.

Run by scripts/build.py, never at run time.
"""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

HEADERS = Path(__file__).resolve().parents[2] / "Sources" / "COssicle" / "include"

#: Called by the library, implemented in Python with `@ffi.def_extern()`.
CALLBACKS = """
extern "Python" void ossicle_python_warning(void *context, const char *message);
extern "Python" void ossicle_python_memory(void *context, int32_t level);
extern "Python" int32_t ossicle_python_may_release(void *context, ossicle_inference *inference);
"""


def declarations(headers: Path = HEADERS) -> str:
    """What cffi's parser understands of the headers: no comments, no preprocessor, no attributes."""
    main = (headers / "ossicle.h").read_text()
    text = ""
    for name in re.findall(r'#include "(ossicle/[^"]+)"', main):
        text += (headers / name).read_text() + "\n"
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.DOTALL)
    numbers = re.findall(r"^#define (OSSICLE_\w+) \d+$", text.replace("  ", " "), flags=re.MULTILINE)
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE).replace("OSSICLE_API", "")
    text = re.sub(r"\n\s*\n+", "\n", text)
    return "".join(f"#define {name} ...\n" for name in numbers) + text


ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.cdef(CALLBACKS)
ffibuilder.set_source("ossicle._ffi", "#include <ossicle.h>\n", py_limited_api=True)
