// Conv1d over rows [channels, length]; weight [outChannels, inChannels / groups, kernelSize] as in PyTorch.
// Which of the three to use, and with what grid: Conv1DShader.swift.
#ifndef OSSICLE_METAL_H
#include "ossicle_metal.h"
#endif

/// One thread an output. Grid: outLength x outChannels.
kernel void conv1d_forward(device const float *input [[buffer(0)]], device const float *weight [[buffer(1)]],
                           device const float *bias [[buffer(2)]], device const float *residual [[buffer(3)]],
                           device float *output [[buffer(4)]], constant ConvParams &p [[buffer(5)]],
                           uint2 gid [[thread_position_in_grid]]) {
    if (gid.x >= p.outLength || gid.y >= p.outChannels) return;
    const uint perGroup = p.inChannels / p.groups;
    const uint group = gid.y / (p.outChannels / p.groups);
    const int start = int(gid.x * p.stride) - int(p.padding);
    device const float *x = input + group * perGroup * p.inPitch;
    device const float *w = weight + gid.y * perGroup * p.kernelSize;
    float sum = bias_of(bias, gid.y, p);
    for (uint c = 0; c < perGroup; ++c) {
        for (uint k = 0; k < p.kernelSize; ++k)
            sum = fma(w[k], load_padded(x, start + int(k * p.dilation), p.inLength), sum);
        x += p.inPitch;
        w += p.kernelSize;
    }
    output[gid.y * p.outPitch + gid.x] = finish(sum, gid.y, gid.x, residual, p);
}

constant uint MAX_KERNEL_SIZE = 128;
constant uint TILE_THREADS = 64; // a threadgroup; each thread makes two positions of CHANNEL_BLOCK channels
constant uint TILE_LENGTH = 128;
constant uint MAX_WINDOW = 2048; // floats: 8 KiB, and 2 KiB of taps

/// Taps and input window of one input channel are loaded together into threadgroup memory.
/// Threadgroups: ceil(outLength / TILE_LENGTH) x channel blocks, TILE_THREADS x 1 threads each.
kernel void conv1d_forward_tiled(device const float *input [[buffer(0)]],
                                 device const float *weight [[buffer(1)]],
                                 device const float *bias [[buffer(2)]],
                                 device const float *residual [[buffer(3)]],
                                 device float *output [[buffer(4)]], constant ConvParams &p [[buffer(5)]],
                                 uint2 tid [[thread_position_in_threadgroup]],
                                 uint2 tile [[threadgroup_position_in_grid]]) {
    threadgroup float4 taps[MAX_KERNEL_SIZE]; // four channels side by side: one read a tap
    threadgroup float window[MAX_WINDOW];

    const uint span = (TILE_LENGTH - 1) * p.stride + (p.kernelSize - 1) * p.dilation + 1;
    const ChannelBlock block = channel_block(tile.y, p);
    // Conditions of the whole threadgroup, so that every thread meets the barriers below or none does.
    if (p.kernelSize > MAX_KERNEL_SIZE || span > MAX_WINDOW || block.group >= p.groups) return;

    const uint perGroup = p.inChannels / p.groups;
    const uint last = block.count - 1;
    const int start = int(tile.x * TILE_LENGTH * p.stride) - int(p.padding);
    const uint filter = perGroup * p.kernelSize;
    device const float *x = input + block.group * perGroup * p.inPitch;
    // A short block reads its last filter again; the sums are not stored.
    device const float *w0 = weight + block.first * filter;
    device const float *w1 = w0 + min(1u, last) * filter;
    device const float *w2 = w0 + min(2u, last) * filter;
    device const float *w3 = w0 + min(3u, last) * filter;
    const uint near = tid.x * p.stride;
    const uint far = near + TILE_THREADS * p.stride;
    float4 nearSum = float4(0.0f);
    float4 farSum = float4(0.0f);

    for (uint c = 0; c < perGroup; ++c) {
        const uint row = c * p.kernelSize;
        for (uint k = tid.x; k < p.kernelSize; k += TILE_THREADS)
            taps[k] = float4(w0[row + k], w1[row + k], w2[row + k], w3[row + k]);
        for (uint i = tid.x; i < span; i += TILE_THREADS)
            window[i] = load_padded(x, start + int(i), p.inLength);
        threadgroup_barrier(mem_flags::mem_threadgroup);
        for (uint k = 0; k < p.kernelSize; ++k) {
            const float4 tap = taps[k];
            nearSum = fma(tap, float4(window[near + k * p.dilation]), nearSum);
            farSum = fma(tap, float4(window[far + k * p.dilation]), farSum);
        }
        threadgroup_barrier(mem_flags::mem_threadgroup);
        x += p.inPitch;
    }

    for (uint j = 0; j < block.count; ++j) {
        const uint channel = block.first + j;
        const float b = bias_of(bias, channel, p);
        const uint at = tile.x * TILE_LENGTH + tid.x;
        device float *y = output + channel * p.outPitch;
        if (at < p.outLength) y[at] = finish(nearSum[j] + b, channel, at, residual, p);
        if (at + TILE_THREADS < p.outLength)
            y[at + TILE_THREADS] = finish(farSum[j] + b, channel, at + TILE_THREADS, residual, p);
    }
}

/// Samples i, i + step, i + 2 step, i + 3 step of a row; `inside` says that none is outside it.
static inline float4 load_four(device const float *row, int i, uint step, uint length, bool inside) {
    if (inside && step == 1) return float4(*(device const packed_float4 *)(row + i));
    const int s = int(step);
    return float4(load_padded(row, i, length), load_padded(row, i + s, length),
                  load_padded(row, i + 2 * s, length), load_padded(row, i + 3 * s, length));
}

/// Four positions of CHANNEL_BLOCK channels a thread. Grid: ceil(outLength / 4) x channel blocks.
kernel void conv1d_forward_vec4(device const float *input [[buffer(0)]],
                                device const float *weight [[buffer(1)]],
                                device const float *bias [[buffer(2)]],
                                device const float *residual [[buffer(3)]],
                                device float *output [[buffer(4)]], constant ConvParams &p [[buffer(5)]],
                                uint2 gid [[thread_position_in_grid]]) {
    const uint at = gid.x * 4;
    const ChannelBlock block = channel_block(gid.y, p);
    if (at >= p.outLength || block.group >= p.groups) return;

    const uint perGroup = p.inChannels / p.groups;
    const uint last = block.count - 1;
    const int start = int(at * p.stride) - int(p.padding);
    const int end = start + int(3 * p.stride + (p.kernelSize - 1) * p.dilation);
    const bool inside = start >= 0 && end < int(p.inLength);
    const bool slides = p.stride == 1 && p.dilation == 1;
    const uint filter = perGroup * p.kernelSize;
    device const float *x = input + block.group * perGroup * p.inPitch;
    device const float *w0 = weight + block.first * filter;
    device const float *w1 = w0 + min(1u, last) * filter;
    device const float *w2 = w0 + min(2u, last) * filter;
    device const float *w3 = w0 + min(3u, last) * filter;
    float4 sum0 = float4(0.0f), sum1 = float4(0.0f), sum2 = float4(0.0f), sum3 = float4(0.0f);

    for (uint c = 0; c < perGroup; ++c) {
        const uint row = c * p.kernelSize;
        float4 v = load_four(x, start, p.stride, p.inLength, inside);
        for (uint k = 0; k < p.kernelSize; ++k) {
            sum0 = fma(float4(w0[row + k]), v, sum0);
            sum1 = fma(float4(w1[row + k]), v, sum1);
            sum2 = fma(float4(w2[row + k]), v, sum2);
            sum3 = fma(float4(w3[row + k]), v, sum3);
            if (k + 1 == p.kernelSize) break; // the next window would reach past the row
            const int next = start + int((k + 1) * p.dilation);
            v = slides ? float4(v.yzw, load_padded(x, next + 3, p.inLength))
                       : load_four(x, next, p.stride, p.inLength, inside);
        }
        x += p.inPitch;
    }

    for (uint j = 0; j < block.count; ++j) {
        const uint channel = block.first + j;
        const float4 sum = j == 0 ? sum0 : j == 1 ? sum1 : j == 2 ? sum2 : sum3;
        const float b = bias_of(bias, channel, p);
        device float *y = output + channel * p.outPitch + at;
        const uint count = min(4u, p.outLength - at);
        float4 done = float4(0.0f);
        for (uint i = 0; i < count; ++i) done[i] = finish(sum[i] + b, channel, at + i, residual, p);
        if (count == 4)
            *(device packed_float4 *)y = done;
        else
            for (uint i = 0; i < count; ++i) y[i] = done[i];
    }
}
