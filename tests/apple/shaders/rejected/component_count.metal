// expect: component count
#include <metal_stdlib>
using namespace metal;
kernel void f(device const float* a [[buffer(0)]], device float* b [[buffer(1)]], uint i [[thread_position_in_grid]]) {
    threadgroup float tile[4];
    const float4 v = float4(1.0f, 2.0f);
    b[i] = v.x;
    b[i] = a[i] + tile[0];
}
