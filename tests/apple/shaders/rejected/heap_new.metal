// expect: new
#include <metal_stdlib>
using namespace metal;
kernel void f(device const float* a [[buffer(0)]], device float* b [[buffer(1)]], uint i [[thread_position_in_grid]]) {
    threadgroup float tile[4];
    float* n = new float[3];
    b[i] = n[0];
    b[i] = a[i] + tile[0];
}
