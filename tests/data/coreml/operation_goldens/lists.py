"""Lists and states."""

import numpy as np

from .writing import noise, program

items = noise(3, 2)
program(
    "lists_by_number",
    {"x": items, "n": np.int32(1)},
    {"taken": items[[2, 0]] * 1, "one": items[1] * 2, "count": np.int32(4)},
    [
        'list<tensor<fp32, [2]>, 4> a = make_list(dtype = string("fp32"), dynamic_length = bool(false), elem_shape = (int32(2)), init_length = int32(4))[name = string("a")];',
        'list<tensor<fp32, [2]>, 4> b = list_scatter(indices = tensor<int32, [3]>([0, 1, 3]), ls = a, value = x)[name = string("b")];',
        'tensor<fp32, [2]> r = list_read(index = n, ls = b)[name = string("r")];',
        'tensor<fp32, [2]> one = add(x = r, y = r)[name = string("one")];',
        'list<tensor<fp32, [2]>, 4> c = list_write(index = n, ls = b, value = one)[name = string("c")];',
        'tensor<fp32, [2, 2]> taken = list_gather(indices = tensor<int32, [2]>([3, 0]), ls = c)[name = string("taken")];',
        'int32 count = list_length(ls = c)[name = string("count")];',
    ],
)
