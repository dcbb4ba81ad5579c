"""The few CUDA driver calls that launch PTX kernels on torch's tensors, through ctypes."""

import ctypes
import pathlib
import struct

import torch


class Driver:
    """The few CUDA driver calls that launch a PTX kernel in torch's own context."""

    def __init__(self, ptx):
        torch.zeros(1, device="cuda")  # makes the primary context current
        self.cuda = ctypes.CDLL("libcuda.so.1")
        module, log = ctypes.c_void_p(), ctypes.create_string_buffer(8192)
        options = (ctypes.c_int * 2)(5, 6)  # CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES
        values = (ctypes.c_void_p * 2)(ctypes.cast(log, ctypes.c_void_p).value, len(log))
        text = pathlib.Path(ptx).read_bytes() + b"\0"
        code = self.cuda.cuModuleLoadDataEx(ctypes.byref(module), text, 2, options, values)
        if code:
            raise SystemExit(f"{ptx} does not load (CUDA error {code}): {log.value.decode()}")
        self.module, self.functions = module, {}

    def check(self, code, what):
        if code:
            name = ctypes.c_char_p()
            self.cuda.cuGetErrorName(code, ctypes.byref(name))
            raise RuntimeError(f"{what}: {name.value.decode() if name.value else code}")

    def function(self, name):
        if name not in self.functions:
            function = ctypes.c_void_p()
            code = self.cuda.cuModuleGetFunction(ctypes.byref(function), self.module, f"{name}_ptx".encode())
            self.check(code, f"kernel {name}")
            self.functions[name] = function
        return self.functions[name]

    def launcher(self, name, grid, block, tensors):
        """A call that launches the kernel on torch's current stream."""
        function = self.function(name)
        pointers = [ctypes.c_uint64(t.data_ptr()) for t in tensors]
        arguments = (ctypes.c_void_p * len(pointers))(*[ctypes.addressof(p) for p in pointers])

        def launch():
            stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
            code = self.cuda.cuLaunchKernel(function, *grid, 1, *block, 1, 0, stream, arguments, None)
            self.check(code, f"launch of {name}")

        launch.keep = (pointers, tensors)
        return launch


def parameters(pack, *values):
    return torch.frombuffer(bytearray(struct.pack(pack, *values)), dtype=torch.uint8).cuda()
