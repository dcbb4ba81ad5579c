// Element-wise steps between convolutions, over rows [channels, length]. Grid: length x channels.
// The output may be one of the inputs.
#ifndef OSSICLE_METAL_H
#include "ossicle_metal.h"
#endif

/// output = act(a)
kernel void elementwise_activation(device const float *a [[buffer(0)]], device float *output [[buffer(1)]],
                                   constant ElementwiseParams &p [[buffer(2)]],
                                   uint2 gid [[thread_position_in_grid]]) {
    if (gid.x >= p.length || gid.y >= p.channels) return;
    output[gid.y * p.outPitch + gid.x] = activate(a[gid.y * p.aPitch + gid.x], p.activation, p.alpha, p.beta);
}

/// output = act(a + b)
kernel void elementwise_add(device const float *a [[buffer(0)]], device const float *b [[buffer(1)]],
                            device float *output [[buffer(2)]], constant ElementwiseParams &p [[buffer(3)]],
                            uint2 gid [[thread_position_in_grid]]) {
    if (gid.x >= p.length || gid.y >= p.channels) return;
    const float sum = a[gid.y * p.aPitch + gid.x] + b[gid.y * p.bPitch + gid.x];
    output[gid.y * p.outPitch + gid.x] = activate(sum, p.activation, p.alpha, p.beta);
}
