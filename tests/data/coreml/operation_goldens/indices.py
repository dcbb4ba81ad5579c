"""Elements by number: gathers, scatters, orders."""

import numpy as np

from .elementwise import i, x
from .writing import case, d, ints, noise

at = np.int32([2, 0, -1, 2])
case("gather_axis", "gather", {"x": x}, x[:, at], axis=1, indices=at)
case("gather_moving", "gather", {"x": x, "indices": at}, x[:, at], axis=1)
case(
    "gather_table",
    "gather",
    {"x": x, "indices": np.int32([[2, 0], [1, 1]])},
    x[:, np.int32([[2, 0], [1, 1]])],
    axis=1,
)
case("gather_scalar", "gather", {"x": x, "indices": np.int32(-2)}, x[:, :, -2], axis=2)
case("gather_int", "gather", {"x": i, "indices": np.int32([1, 0, 0])}, i[np.int32([1, 0, 0])])
case(
    "gather_batch",
    "gather",
    {"x": x, "indices": np.int32([[2, 0], [1, 1]])},
    np.stack([x[0][np.int32([2, 0])], x[1][np.int32([1, 1])]]),
    axis=1,
    batch_dims=1,
)
along = ints(2, 5, 4, low=0, high=2)
case(
    "gather_along_axis_one",
    "gather_along_axis",
    {"x": x, "indices": along},
    np.take_along_axis(x, along, 1),
    axis=1,
)
points = np.int32([[0, 1], [1, 2], [1, 0]])
case("gather_nd_points", "gather_nd", {"x": x, "indices": points}, x[points[:, 0], points[:, 1]])
data = noise(4, 3)
where = np.int32([2, 0, 2])
news = noise(3, 3, low=0.5, high=2)


def scattered(base: np.ndarray, mode: str) -> np.ndarray:
    result = d(base).copy()
    for n, k in enumerate(where):
        v = d(news[n])
        result[k] = {
            "update": v,
            "add": result[k] + v,
            "sub": result[k] - v,
            "mul": result[k] * v,
            "div": result[k] / v,
            "max": np.maximum(result[k], v),
            "min": np.minimum(result[k], v),
        }[mode]
    return result


case("scatter_default", "scatter", {"data": data, "indices": where, "updates": news}, scattered(data, "add"))
for mode in ("update", "add", "sub", "mul", "div", "max", "min"):
    case(
        f"scatter_{mode}",
        "scatter",
        {"data": data, "indices": where, "updates": news},
        scattered(data, mode),
        mode=mode,
        axis=0,
    )
side = data.copy()
side[:, [0, 2]] = news[:, :2][[0, 1, 2, 0]]
case(
    "scatter_axis",
    "scatter",
    {"data": data, "indices": np.int32([0, 2]), "updates": news[:, :2][[0, 1, 2, 0]]},
    side,
    mode="update",
    axis=1,
)
rows = np.int32([[0, 1, 3], [3, 0, 0]])
taken = data.copy()
np.put_along_axis(taken, rows, news[:2], 0)
case(
    "scatter_along_axis_update",
    "scatter_along_axis",
    {"data": data, "indices": rows, "updates": news[:2]},
    taken,
    mode="update",
    axis=0,
)
placed = data.copy()
placed[[3, 1], [0, 2]] = [5, 6]
case(
    "scatter_nd_update",
    "scatter_nd",
    {"data": data, "indices": np.int32([[3, 0], [1, 2]]), "updates": np.float32([5, 6])},
    placed,
    mode="update",
)
case(
    "one_hot_last",
    "one_hot",
    {"indices": np.int32([2, 0, 1])},
    np.where(np.eye(4)[[2, 0, 1]] > 0, 3.0, -1.0),
    one_hot_vector_size=4,
    on_value=3.0,
    off_value=-1.0,
)
case(
    "one_hot_front",
    "one_hot",
    {"indices": np.int32([2, 0, 1])},
    np.eye(4)[[2, 0, 1]].T,
    one_hot_vector_size=4,
    axis=0,
    on_value=1.0,
    off_value=0.0,
)
case("cumsum_default", "cumsum", {"x": x}, np.cumsum(d(x), 0))
case("cumsum_exclusive", "cumsum", {"x": x}, np.cumsum(d(x), 2) - d(x), axis=2, exclusive=True)
case("cumsum_reverse", "cumsum", {"x": x}, np.cumsum(d(x)[:, ::-1], 1)[:, ::-1], axis=1, reverse=True)
case("cumsum_int", "cumsum", {"x": i}, np.cumsum(i, 2, dtype=np.int32), axis=2)
case("argsort_descending", "argsort", {"x": x}, np.argsort(-x, -1))
case("argsort_ascending", "argsort", {"x": x}, np.argsort(x, 1), axis=1, ascending=True)
order = np.argsort(-x, -1)[..., :2]
case("topk_largest", "topk", {"x": x}, [np.take_along_axis(x, order, -1), order], k=2)
order = np.argsort(x, 1)[:, :2]
case("topk_smallest", "topk", {"x": x}, [np.take_along_axis(x, order, 1), order], k=2, axis=1, ascending=True)
order = np.argsort(-x, 1)
case("topk_all", "topk", {"x": x}, [np.take_along_axis(x, order, 1), order], k=-1, axis=1)
