// ConvTranspose1d over rows [channels, length]; weight [inChannels, outChannels / groups, kernelSize] as in
// PyTorch. Every output gathers the inputs that reach it, so no two threads write the same place.
#ifndef OSSICLE_METAL_H
#include "ossicle_metal.h"
#endif

/// The taps k = first, first + tapStep, … that reach output position `at`, from inputs i = source,
/// source - sourceStep, …: those with i * stride - padding + k * dilation = at.
struct Taps {
    uint first; // kernelSize when there is none
    int source;
    int sourceStep;
};

static inline Taps taps_reaching(uint at, constant ConvParams &p) {
    const int sum = int(at + p.padding);
    const int stride = int(p.stride);
    const int sourceStep = int(p.tapStep * p.dilation / p.stride);
    for (uint k = 0; k < p.tapStep && k < p.kernelSize; ++k) {
        const int rest = sum - int(k * p.dilation);
        if (rest % stride == 0) return Taps{k, rest / stride, sourceStep};
    }
    return Taps{p.kernelSize, 0, sourceStep};
}

/// One thread an output. Grid: outLength x outChannels.
kernel void conv_transpose1d_forward(device const float *input [[buffer(0)]],
                                     device const float *weight [[buffer(1)]],
                                     device const float *bias [[buffer(2)]],
                                     device const float *residual [[buffer(3)]],
                                     device float *output [[buffer(4)]], constant ConvParams &p [[buffer(5)]],
                                     uint2 gid [[thread_position_in_grid]]) {
    if (gid.x >= p.outLength || gid.y >= p.outChannels) return;
    const uint inPerGroup = p.inChannels / p.groups;
    const uint outPerGroup = p.outChannels / p.groups;
    const uint group = gid.y / outPerGroup;
    const Taps taps = taps_reaching(gid.x, p);
    device const float *x = input + group * inPerGroup * p.inPitch;
    device const float *w = weight + (group * inPerGroup * outPerGroup + gid.y % outPerGroup) * p.kernelSize;
    float sum = bias_of(bias, gid.y, p);
    for (uint c = 0; c < inPerGroup; ++c) {
        int i = taps.source;
        for (uint k = taps.first; k < p.kernelSize; k += p.tapStep) {
            sum = fma(w[k], load_padded(x, i, p.inLength), sum);
            i -= taps.sourceStep;
        }
        x += p.inPitch;
        w += outPerGroup * p.kernelSize;
    }
    output[gid.y * p.outPitch + gid.x] = finish(sum, gid.y, gid.x, residual, p);
}

/// CHANNEL_BLOCK channels of one position a thread: the search for taps and the input are shared.
/// Grid: outLength x channel blocks.
kernel void conv_transpose1d_forward_vec4(device const float *input [[buffer(0)]],
                                          device const float *weight [[buffer(1)]],
                                          device const float *bias [[buffer(2)]],
                                          device const float *residual [[buffer(3)]],
                                          device float *output [[buffer(4)]],
                                          constant ConvParams &p [[buffer(5)]],
                                          uint2 gid [[thread_position_in_grid]]) {
    const ChannelBlock block = channel_block(gid.y, p);
    if (gid.x >= p.outLength || block.group >= p.groups) return;
    const uint inPerGroup = p.inChannels / p.groups;
    const uint outPerGroup = p.outChannels / p.groups;
    const uint last = block.count - 1;
    const Taps taps = taps_reaching(gid.x, p);
    device const float *x = input + block.group * inPerGroup * p.inPitch;
    const uint within = block.first - block.group * outPerGroup;
    device const float *w = weight + (block.group * inPerGroup * outPerGroup + within) * p.kernelSize;
    const uint to1 = min(1u, last) * p.kernelSize;
    const uint to2 = min(2u, last) * p.kernelSize;
    const uint to3 = min(3u, last) * p.kernelSize;
    float4 sum = float4(0.0f);
    for (uint c = 0; c < inPerGroup; ++c) {
        int i = taps.source;
        for (uint k = taps.first; k < p.kernelSize; k += p.tapStep) {
            const float v = load_padded(x, i, p.inLength);
            sum = fma(float4(w[k], w[to1 + k], w[to2 + k], w[to3 + k]), float4(v), sum);
            i -= taps.sourceStep;
        }
        x += p.inPitch;
        w += outPerGroup * p.kernelSize;
    }
    for (uint j = 0; j < block.count; ++j) {
        const uint channel = block.first + j;
        const float biased = sum[j] + bias_of(bias, channel, p);
        output[channel * p.outPitch + gid.x] = finish(biased, channel, gid.x, residual, p);
    }
}
