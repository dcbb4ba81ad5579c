// expect: read-only variable is not assignable
#include <metal_stdlib>
using namespace metal;
kernel void f(device const float* a [[buffer(0)]], device float* b [[buffer(1)]], uint i [[thread_position_in_grid]]) {
    threadgroup float tile[4];
    a[i] = 1.0f;
    b[i] = a[i] + tile[0];
}
