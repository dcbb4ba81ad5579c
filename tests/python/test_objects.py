"""Pickling, copying, threads, import."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import ossicle
import pytest
from cases import case


@pytest.mark.parametrize("again", [lambda o: pickle.loads(pickle.dumps(o)), copy.deepcopy, copy.copy])
def test_copies(again, amp: ossicle.Model, linear: ossicle.Linear, rng: np.random.Generator) -> None:
    signal = rng.standard_normal(50).astype(np.float32)
    np.testing.assert_array_equal(again(amp)(signal), amp(signal))
    assert again(amp).name == amp.name
    x = signal[:40].reshape(10, 4)
    np.testing.assert_array_equal(again(linear)(x), linear(x))
    model = ossicle.Sequential(linear, ossicle.Tanh())
    np.testing.assert_array_equal(again(model)(x), model(x))
    assert repr(again(ossicle.Linear(2, 2))) == "Linear(in_features=2, out_features=2)"


def test_a_copied_recurrent_layer_stays_stateful() -> None:
    layer = case("gru_0").layer()
    layer.stateful = True
    assert pickle.loads(pickle.dumps(layer)).stateful


def test_what_cannot_be_pickled_says_so(amp: ossicle.Model) -> None:
    with pytest.raises(TypeError, match="Stream"):
        pickle.dumps(amp.stream(64))


def test_one_layer_in_many_threads(rng: np.random.Generator) -> None:
    one = case("linear_7")
    layer = one.layer()
    inputs = [rng.standard_normal((32, 256)).astype(np.float32) for _ in range(16)]
    expected = [layer(x) for x in inputs]

    def work(index: int) -> None:
        x, out = inputs[index % 16], np.empty((32, 192), np.float32)
        for _ in range(200):
            layer(x, out=out)
            np.testing.assert_array_equal(out, expected[index % 16])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert layer.memory_bytes < 10 * layer.weight_bytes


def test_first_calls_in_many_threads() -> None:
    """Building and planning happen once, whoever comes first."""
    for _ in range(5):
        one = case("conv1d_12")
        layer = ossicle.Conv1D(66, 70, 3, padding=1).load_state_dict(one.weights)
        gate = threading.Barrier(8)

        def work(_: int, layer=layer, gate=gate, one=one) -> None:
            gate.wait()
            one.check(layer(one.input))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))


def test_one_stream_in_many_threads(amp: ossicle.Model) -> None:
    """The order is up to the threads, but silence in any order is silence, and nothing breaks."""
    block = np.zeros(64, np.float32)
    with amp.stream(64) as stream, amp.stream(64) as other:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: stream.process(block), range(800)))
        for _ in range(800):
            other.process(block)
        np.testing.assert_array_equal(stream.process(block), other.process(block))


def test_many_streams_in_many_threads(amp: ossicle.Model, rng: np.random.Generator) -> None:
    signal = rng.standard_normal(4096).astype(np.float32)
    expected = amp.stream(4096).process(signal)

    def work(_: int) -> None:
        with amp.stream(64) as stream:
            parts = [stream.process(part) for part in np.split(signal, range(64, 4096, 64))]
            np.testing.assert_array_equal(np.concatenate(parts), expected)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))


def test_closing_while_another_thread_works(amp: ossicle.Model) -> None:
    block = np.zeros(64, np.float32)
    for _ in range(20):
        stream = amp.stream(64)
        errors: list[BaseException] = []

        def work(stream=stream, errors=errors) -> None:
            try:
                while True:
                    stream.process(block)
            except ossicle.ClosedError as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.002)
        stream.close()
        thread.join(10)
        assert len(errors) == 1


def test_gil_is_released(rng: np.random.Generator) -> None:
    """While a long call runs, another thread of Python goes on."""
    layer = ossicle.Linear(2048, 2048)
    layer.load_state_dict(
        {"weight": rng.standard_normal((2048, 2048)).astype(np.float32), "bias": np.zeros(2048)}
    )
    x = rng.standard_normal((1024, 2048)).astype(np.float32)
    out = layer(x)
    ticks = []
    running = threading.Event()

    def work() -> None:
        running.set()
        layer(x, out=out)
        running.clear()

    thread = threading.Thread(target=work)
    old = sys.getswitchinterval()
    sys.setswitchinterval(10)  # nobody is made to give the GIL away: only a release lets this thread go on
    try:
        thread.start()
        running.wait()
        while running.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0)
    finally:
        sys.setswitchinterval(old)
        thread.join()
    assert len(ticks) > 10


def test_import_is_light() -> None:
    """Nothing beyond NumPy's own modules but the package and cffi's backend."""
    code = (
        "import sys, numpy; before = set(sys.modules); import ossicle; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    foreign = {name for name in done.stdout.split() if not name.startswith("ossicle")}
    for heavy in ("argparse", "soundfile", "soxr", "matplotlib", "html", "cffi", "cffi.api", "subprocess"):
        assert heavy not in foreign
    assert len(foreign) < 12, foreign


def test_version() -> None:
    assert ossicle.__version__.count(".") == 2
    assert ossicle.abi_version() >= 1000
    assert ossicle.isa() in ("avx512", "avx2", "sse2", "neon")


def test_one_exception_tree() -> None:
    from ossicle import _errors

    errors = [
        kind for kind in vars(_errors).values() if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    ours = [kind for kind in errors if kind.__module__ == "ossicle._errors" and not issubclass(kind, Warning)]
    assert len(ours) > 10
    for kind in ours:
        assert issubclass(kind, ossicle.OssicleError)
        assert getattr(ossicle, kind.__name__) is kind
