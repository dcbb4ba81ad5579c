// expect: local address space
#include <metal_stdlib>
using namespace metal;
inline float g() {
    threadgroup float tile[4];
    return tile[0];
}
