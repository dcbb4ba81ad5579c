// expect: cannot initialize a variable of type
#include <metal_stdlib>
using namespace metal;
kernel void f(device const float* a [[buffer(0)]], device float* b [[buffer(1)]], uint i [[thread_position_in_grid]]) {
    threadgroup float tile[4];
    float* q = b;
    b[i] = q[0];
    b[i] = a[i] + tile[0];
}
