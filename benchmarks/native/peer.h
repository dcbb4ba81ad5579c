// What a native peer exports to benchmarks/native_peers.py. One audio channel in and out.
#pragma once
#include <cstdint>

#define PEER extern "C" __attribute__((visibility("default")))

PEER void peer_reset(void *peer);
PEER void peer_run(void *peer, const float *x, float *y, int64_t frames);
