// The MSL functions our shaders call.
#pragma once
#ifndef INFINITY
#define INFINITY __builtin_inff()
#endif
#ifndef NAN
#define NAN __builtin_nanf("")
#endif

#if !defined(__OPENCL_CPP_VERSION__) && !defined(__CUDA__)
extern "C" void msl_threadgroup_barrier(void);
#endif

namespace metal {
enum class mem_flags { mem_none = 0, mem_device = 1, mem_threadgroup = 2 };
#if defined(__OPENCL_CPP_VERSION__)
void threadgroup_barrier(mem_flags);
#elif defined(__CUDA__)
MSL_FN void threadgroup_barrier(mem_flags) { __syncthreads(); }
#else
MSL_FN void threadgroup_barrier(mem_flags flags) {
    if (flags != mem_flags::mem_none) msl_threadgroup_barrier();
}
#endif

#if defined(__CUDA__)
// Straight to the instruction: without NVIDIA's library file a call to sqrtf would stay unresolved.
MSL_FN float sqrt(float x) { return __nvvm_sqrt_rn_f(x); }
MSL_FN float rint(float x) {
    float y;
    asm("cvt.rni.f32.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
MSL_FN float floor(float x) {
    float y;
    asm("cvt.rmi.f32.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
MSL_FN float ceil(float x) {
    float y;
    asm("cvt.rpi.f32.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
#else
MSL_FN float sqrt(float x) { return __builtin_sqrtf(x); }
MSL_FN float rint(float x) { return __builtin_rintf(x); }
MSL_FN float floor(float x) { return __builtin_floorf(x); }
MSL_FN float ceil(float x) { return __builtin_ceilf(x); }
#endif
MSL_FN float fabs(float x) { return __builtin_fabsf(x); }
MSL_FN float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
MSL_FN float4 fma(float4 a, float4 b, float4 c) {
    float4 r;
    for (int i = 0; i < 4; ++i) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return r;
}
template <class T> MSL_FN T min(T a, T b) { return b < a ? b : a; }
template <class T> MSL_FN T max(T a, T b) { return a < b ? b : a; }
template <class To, class From> MSL_FN To as_type(From value) {
    static_assert(sizeof(To) == sizeof(From), "as_type");
    return __builtin_bit_cast(To, value);
}
} // namespace metal
