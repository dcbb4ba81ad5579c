// The nonlinear part of recurrent layers, and gates that share a vector.
#define OK_UNROLL _Pragma("clang loop unroll(full)")

// 2^(x scale), the building block of gates: sigmoid(x) = 1 / (1 + e) and tanh(x) = (1 - e) / (1 + e) with e =
// 2^(-x log2 e) and its square. A gate needs absolute accuracy, so this is shorter than v_exp: the relative
// error is 1.6 * 2^-24 from the fit (exact at 0) plus rounding. Bounded by 2^62 so that products of two of
// them stay finite.
OK_INLINE vf ok_gate_exp(vf x, vf scale) {
    vf y = v_max(v_min(x * scale, v_splat(62)), v_splat(-125));
#if defined(OK_ISA_AVX512)
    vf n = (vf)_mm512_roundscale_ps((__m512)y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
    vf rounded = y + OK_ROUND_BIASED(0), n = rounded - OK_ROUND_BIASED(0);
#endif
    vf f = y - n, f2 = f * f;
    vf low = v_fma(f, v_splat(0x1.ebf9bcp-3f), v_splat(0x1.62e42ap-1f));
    vf high = v_fma(f, v_splat(0x1.3ceab4p-7f), v_splat(0x1.c6b754p-5f));
    high = v_fma(f2, v_splat(0x1.5bb9e4p-10f), high);
    vf p = v_fma(f, v_fma(f2, high, low), v_splat(1));
#if defined(OK_ISA_AVX512)
    return (vf)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    return p * (vf)((vi)rounded << 23);
#endif
}

#define OK_SIGMOID_SCALE (-0x1.715476p+0f) // -log2 e
#define OK_TANH_SCALE (-0x1.715476p+1f)

// Any activation on one vector: for layers that ask for others than PyTorch's.
static vf ok_activate_vector(const ok_activation *function, vf x) {
    switch (function->kind) {
#define OK_CASE(kind)                                                                                        \
    case kind:                                                                                               \
        return v_activate(kind, x, function->alpha, function->beta);
        OK_UNARY_KINDS(OK_CASE)
#undef OK_CASE
    default:
        return x;
    }
}

// Lanes moved down by OK_LANES * quarters / 4, around the end: brings a tail's gates to the first lanes.
OK_INLINE vf ok_rotate(vf x, const int quarters) {
#if OK_LANES == 16
    if (quarters == 1)
        return __builtin_shufflevector(x, x, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
    if (quarters == 2)
        return __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(x, x, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
#elif OK_LANES == 8
    if (quarters == 1) return __builtin_shufflevector(x, x, 2, 3, 4, 5, 6, 7, 0, 1);
    if (quarters == 2) return __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
    return __builtin_shufflevector(x, x, 6, 7, 0, 1, 2, 3, 4, 5);
#else
    if (quarters == 1) return __builtin_shufflevector(x, x, 1, 2, 3, 0);
    if (quarters == 2) return __builtin_shufflevector(x, x, 2, 3, 0, 1);
    return __builtin_shufflevector(x, x, 3, 0, 1, 2);
#endif
}

// All ones in the lanes from OK_LANES * from / 4 up to OK_LANES * to / 4.
OK_INLINE vi ok_quarters(const int from, const int to) {
    vi mask = {0};
    OK_UNROLL
    for (int lane = 0; lane < OK_LANES; ++lane)
        mask[lane] = lane >= OK_LANES * from / 4 && lane < OK_LANES * to / 4 ? -1 : 0;
    return mask;
}
