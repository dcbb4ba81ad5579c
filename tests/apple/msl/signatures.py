#!/usr/bin/env python3
"""Reads kernel signatures out of .metal files and writes the unit that makes them runnable.

usage: signatures.py cpu|cuda FILE...
cpu:  a C++ unit with the table of all kernels (msl_table)
cuda: a CUDA unit with one `extern "C" __global__ NAME` per kernel
The .metal text is only #included, never rewritten. Signatures are checked on the way.
"""

import re
import sys

POSITIONS = {
    "thread_position_in_grid",
    "thread_position_in_threadgroup",
    "threadgroup_position_in_grid",
    "threads_per_threadgroup",
    "threads_per_grid",
    "threadgroups_per_grid",
}


def without_comments(text):
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)


def closing(text, start, opener, closer):
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == opener) - (text[i] == closer)
        if depth == 0:
            return i
    raise SystemExit(f"unbalanced {opener}")


def split_parameters(text):
    parts, depth, current = [], 0, ""
    for c in text:
        depth += (c in "([{<") - (c in ")]}>")
        if c == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += c
    return parts + ([current] if current.strip() else [])


def parameter(kernel, text):
    """(attribute, buffer index, type, name)"""
    attribute = re.search(r"\[\[\s*(\w+)\s*(?:\(\s*(\d+)\s*\))?\s*\]\]", text)
    if not attribute:
        raise SystemExit(f"{kernel}: parameter without attribute: {text.strip()}")
    name, index = attribute.group(1), int(attribute.group(2) or 0)
    if name != "buffer" and name not in POSITIONS:
        raise SystemExit(f"{kernel}: unknown attribute {name}")
    declaration = re.match(r"(.*?)(\w+)$", text[: attribute.start()].strip(), re.DOTALL)
    return name, index, " ".join(declaration.group(1).split()), declaration.group(2)


def kernels(path):
    """(name, parameters, has a barrier) of every kernel of a file."""
    with open(path) as file:
        text = without_comments(file.read())
    for match in re.finditer(r"\bkernel\s+void\s+(\w+)\s*\(", text):
        name = match.group(1)
        end = closing(text, match.end() - 1, "(", ")")
        parameters = [parameter(name, p) for p in split_parameters(text[match.end() : end])]
        indices = [p[1] for p in parameters if p[0] == "buffer"]
        if len(indices) != len(set(indices)):
            raise SystemExit(f"{name}: buffer index used twice")
        types = {p[2] for p in parameters if p[0] in POSITIONS}
        if len(types) > 1:
            raise SystemExit(f"{name}: MSL wants position attributes of one type, found {sorted(types)}")
        start = text.index("{", end)
        body = text[start : closing(text, start, "{", "}")]
        yield name, parameters, "threadgroup_barrier" in body


def cpu(paths):
    # The runtime's header comes first: metal_stdlib turns words such as `kernel` into macros.
    includes = ["msl_runtime.h", *paths, "msl_bind.h"]
    lines = [f'#include "{path}"' for path in includes]
    lines.append('extern "C" __attribute__((visibility("default"))) const msl_kernel msl_table[] = {')
    for path in paths:
        for name, parameters, barrier in kernels(path):
            bound = [f"msl::buffer<{i}>" if a == "buffer" else f"msl::{a}" for a, i, _, _ in parameters]
            lines.append(f"    MSL_ENTRY({name}, {int(barrier)}, {', '.join(bound)}),")
    return [*lines, "    {nullptr, nullptr, nullptr, 0, 0},", "};"]


def cuda(paths):
    # MSL helper functions carry no __device__, and kernels become C symbols outside of namespaces.
    lines = ["#pragma clang force_cuda_host_device begin"]
    lines += [f'#include "{path}"' for path in paths] + ["#pragma clang force_cuda_host_device end"]
    register = {
        "thread_position_in_threadgroup": "__nvvm_read_ptx_sreg_tid_{0}()",
        "threadgroup_position_in_grid": "__nvvm_read_ptx_sreg_ctaid_{0}()",
        "threads_per_threadgroup": "__nvvm_read_ptx_sreg_ntid_{0}()",
        "threadgroups_per_grid": "__nvvm_read_ptx_sreg_nctaid_{0}()",
        "thread_position_in_grid": "__nvvm_read_ptx_sreg_ctaid_{0}() * __nvvm_read_ptx_sreg_ntid_{0}()"
        " + __nvvm_read_ptx_sreg_tid_{0}()",
        "threads_per_grid": "__nvvm_read_ptx_sreg_nctaid_{0}() * __nvvm_read_ptx_sreg_ntid_{0}()",
    }
    for path in paths:
        for name, parameters, _ in kernels(path):
            declared, passed = [], []
            for attribute, _, kind, argument in parameters:
                if attribute == "buffer":
                    reference = kind.endswith("&")
                    declared.append(f"{kind.rstrip('& ')}{' *' if reference else ''} {argument}")
                    passed.append(("*" if reference else "") + argument)
                else:
                    width = int(re.sub(r"\D", "", kind) or 1)
                    values = [f"uint({register[attribute].format(c)})" for c in "xyz"[:width]]
                    passed.append(values[0] if width == 1 else f"{kind}({', '.join(values)})")
            lines.append(f'extern "C" __attribute__((global)) void {name}_ptx({", ".join(declared)}) {{')
            lines += [f"    {name}({', '.join(passed)});", "}"]
    return lines


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("cpu", "cuda"):
        raise SystemExit(__doc__)
    print("\n".join({"cpu": cpu, "cuda": cuda}[sys.argv[1]](sys.argv[2:])))
