"""A small writer of ONNX graphs, for handing our workloads to other engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Nodes are added in order; every method returns the name of what it made."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0
        #: Input name, output name and shape of each piece of carried state.
        self.states: list[tuple[str, str, tuple[int, ...]]] = []

    def input(self, name: str, shape: tuple[int, ...]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, name: str, shape: tuple[int, ...]) -> None:
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, value: Any) -> str:
        self._count += 1
        name = f"c{self._count}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        self._count += 1
        output = output or f"t{self._count}"
        self._nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def state(self, shape: tuple[int, ...]) -> tuple[str, str]:
        """The names of a state's input and output; the output's name must be given to a node."""
        index = len(self.states)
        before, after = f"s{index}", f"n{index}"
        self.input(before, shape)
        self.states.append((before, after, shape))
        return before, after

    def recurrent(
        self, kind: str, x: str, hidden: int, weights: dict[str, Any], layer: int, carry: bool
    ) -> str:
        """One PyTorch LSTM or GRU layer over `[steps, 1, features]`; `carry` makes its state a port."""
        order = [0, 3, 1, 2] if kind == "LSTM" else [1, 0, 2]  # ONNX: i o f c and z r h

        def gates(name: str) -> Any:
            parts = np.split(weights[f"{name}_l{layer}"], len(order))
            return np.concatenate([parts[at] for at in order])

        bias = np.concatenate([gates("bias_ih"), gates("bias_hh")])
        inputs = [x, *(self.constant(w[None]) for w in (gates("weight_ih"), gates("weight_hh"), bias))]
        self._count += 1
        outputs = [f"y{self._count}"]
        if carry:
            names = [self.state((1, 1, hidden)) for _ in range(2 if kind == "LSTM" else 1)]
            inputs += ["", *(before for before, _ in names)]
            outputs += [after for _, after in names]
        more = {"linear_before_reset": 1} if kind == "GRU" else {}
        self._nodes.append(helper.make_node(kind, inputs, outputs, hidden_size=hidden, **more))
        return self.add("Squeeze", outputs[0], self.constant(np.array([1], np.int64)))

    def dense(self, x: str, weight: Any, bias: Any, output: str | None = None) -> str:
        return self.add(
            "Add", self.add("MatMul", x, self.constant(weight.T)), self.constant(bias), output=output
        )

    def bytes(self) -> bytes:
        for _, after, shape in self.states:
            self.output(after, shape)
        graph = helper.make_graph(self._nodes, "g", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", 17)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
