"""What no other recurrent layer has: peepholes, a clipped cell, a reset behind the product."""

import numpy as np

from .recurrent import gru, lstm
from .writing import case, noise

T, I, H = 5, 3, 4


def weights_of() -> dict[str, np.ndarray]:
    return {
        "weight_ih": noise(4 * H, I),
        "weight_hh": noise(4 * H, H),
        "bias": noise(4 * H),
        "peephole": noise(3 * H),
    }


for batch in (1, 2):
    seq, h0, c0 = noise(T, batch, I), noise(batch, H), noise(batch, H)
    given, fore = {"x": seq, "initial_h": h0, "initial_c": c0}, weights_of()
    case(
        f"lstm_peephole_{batch}",
        "lstm",
        given,
        list(lstm(seq, h0, c0, *fore.values())),
        output_sequence=True,
        **fore,
    )
    outs, hn, cn = lstm(seq[::-1], h0, c0, *fore.values(), clip=0.5)
    case(
        f"lstm_peephole_clip_reverse_{batch}",
        "lstm",
        given,
        [outs[-1:], hn, cn],
        direction="reverse",
        clip=0.5,
        **fore,
    )
    back, h1, c1 = weights_of(), noise(batch, H), noise(batch, H)
    a = lstm(seq, h0, c0, *fore.values(), clip=0.75)
    b = lstm(seq[::-1], h1, c1, *back.values(), clip=0.75)
    for all_steps in (True, False):
        ends = [np.concatenate(pair, 1) for pair in zip(a[1:], b[1:], strict=True)]
        case(
            f"lstm_peephole_bidirectional_{batch}_{'all' if all_steps else 'last'}",
            "lstm",
            {"x": seq, "initial_h": np.concatenate([h0, h1], 1), "initial_c": np.concatenate([c0, c1], 1)},
            [np.concatenate([a[0], b[0][::-1]], 2) if all_steps else ends[0][None], *ends],
            direction="bidirectional",
            output_sequence=all_steps,
            clip=0.75,
            **fore,
            **{f"{name}_back": value for name, value in back.items()},
        )
    none = {name: value for name, value in fore.items() if name != "peephole"}
    case(
        f"lstm_clip_{batch}",
        "lstm",
        given,
        list(lstm(seq, h0, c0, *none.values(), clip=0.25)),
        output_sequence=True,
        clip=0.25,
        **none,
    )
    gi, gh, ib, hb = noise(3 * H, I), noise(3 * H, H), noise(3 * H), noise(3 * H)
    # Rows r, o, z. A bias that is missing is zero; resetting before the product, both are one.
    for name, reset_after, biases in (
        ("after", True, {"input_bias": ib, "bias": hb}),
        ("after_one_bias", True, {"bias": hb}),
        ("after_input_bias", True, {"input_bias": ib}),
        ("before_two_biases", False, {"input_bias": ib, "bias": hb}),
    ):
        case(
            f"gru_{name}_{batch}",
            "gru",
            {"x": seq, "initial_h": h0},
            list(gru(seq, h0, gi, gh, biases.get("input_bias", 0), biases.get("bias", 0), reset_after)),
            "ios18",
            weight_ih=gi,
            weight_hh=gh,
            reset_after=reset_after,
            output_sequence=True,
            **biases,
        )
