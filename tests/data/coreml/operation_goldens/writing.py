"""What every family of operations is written with: noise, MIL text, cases."""

import numpy as np
from safetensors_file import write

TYPES = {"f": "fp32", "i": "int32", "b": "bool"}
d = np.float64
rng = np.random.default_rng(7)
functions: list[str] = []
arrays: dict[str, np.ndarray] = {}


def noise(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(np.float32)


def ints(*shape: int, low: int = -9, high: int = 9) -> np.ndarray:
    return rng.integers(low, high + 1, shape).astype(np.int32)


def kind(a: np.ndarray) -> str:
    return TYPES[a.dtype.kind]


def type_of(a: np.ndarray) -> str:
    return f"tensor<{kind(a)}, [{', '.join(map(str, a.shape))}]>" if a.ndim else kind(a)


def element(v: np.generic) -> str:
    if isinstance(v, np.bool_):
        return "true" if v else "false"
    if isinstance(v, np.floating):
        return "inf" if v == np.inf else "-inf" if v == -np.inf else float(v).hex()
    return str(int(v))


def literal(a: np.ndarray) -> str:
    return element(a[()]) if a.ndim == 0 else "[" + ", ".join(literal(b) for b in a) + "]"


def value(v: object) -> str:
    """A Python value as MIL writes a constant."""
    if isinstance(v, str):
        return f'string("{v}")'
    if isinstance(v, Name):
        return v.text
    if isinstance(v, tuple):
        return "(" + ", ".join(value(x) for x in v) + ")"
    if isinstance(v, bool):
        v = np.bool_(v)
    elif isinstance(v, int):
        v = np.int32(v)
    elif isinstance(v, float):
        v = np.float32(v)
    elif isinstance(v, list):
        v = np.array(v, bool if isinstance(v[0], bool) else np.int32 if isinstance(v[0], int) else np.float32)
    a = np.asarray(v)
    return f"{type_of(a)}({literal(a)})"


class Name:
    """A value of the program."""

    def __init__(self, text: str) -> None:
        self.text = text


def narrow(a: object) -> np.ndarray:
    a = np.asarray(a)
    return a.astype({"f": np.float32, "i": np.int32, "u": np.int32, "b": np.bool_}[a.dtype.kind])


def case(
    name: str,
    operation: str,
    inputs: dict[str, np.ndarray],
    outputs: object,
    opset: str = "ios17",
    **params: object,
) -> None:
    """One operation; `inputs` are given when it runs, `params` are constants."""
    results = outputs if isinstance(outputs, list) else [outputs]
    results = [narrow(r) for r in results]
    arguments: dict[str, str] = {}
    for key in inputs:
        arguments.setdefault(key.split("__")[0], "")
    for key in arguments:
        names = [k for k in inputs if k.split("__")[0] == key]
        arguments[key] = names[0] if names == [key] else "(" + ", ".join(names) + ")"
    for key, v in params.items():
        arguments[key.rstrip("_")] = value(v)
    text = ", ".join(f"{k} = {v}" for k, v in sorted(arguments.items()))
    made = ", ".join(f"{type_of(r)} y{i}" for i, r in enumerate(results))
    program(
        name,
        inputs,
        {f"y{i}": r for i, r in enumerate(results)},
        [f'{made} = {operation}({text})[name = string("{name}")];'],
        opset,
    )


def program(
    name: str,
    inputs: dict[str, np.ndarray],
    outputs: dict[str, np.ndarray],
    lines: list[str],
    opset: str = "ios17",
) -> None:
    given = ", ".join(f"{type_of(a)} {k}" for k, a in sorted(inputs.items()))
    body = "".join(f"            {line}\n" for line in lines)
    functions.append(f"    func {name}<{opset}>({given}) {{\n{body}        }} -> ({', '.join(outputs)});\n")
    for k, a in inputs.items():
        arrays[f"{name}/in/{k}"] = a
    for k, a in outputs.items():
        arrays[f"{name}/out/{k}"] = a


def save(folder: str) -> None:
    """Writes what the cases gave, as MIL text and as safetensors."""
    with open(f"{folder}/operations.mil", "w") as file:
        file.write("program(1.3)\n{\n" + "".join(functions) + "}\n")
    write(f"{folder}/operations.safetensors", arrays)
    print(len(functions), "functions")
