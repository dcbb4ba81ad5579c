// The machine's vector register, by one set of names. Included once per instruction set, after OK_ISA_* is
// set.
//
// vf and vi are OK_LANES floats and int32s. Every function works lane by lane and in a fixed order, so that a
// result does not depend on where a block of samples was cut. Only unaligned loads and stores are used.
#if defined(OK_ISA_AVX512)
#define OK_LANES 16
#elif defined(OK_ISA_AVX2)
#define OK_LANES 8
#else
#define OK_LANES 4
#endif

// For loops over an array of sums: only when unrolled whole do the sums live in registers, and the compiler
// does not always see that it pays.
#define OK_UNROLL _Pragma("clang loop unroll(full)")

// For functions that hold a formula for each activation: for SSE2 they would be unrolled to 200 KB more, and
// be no faster for it.
#if defined(OK_ISA_SSE2)
#define OK_COMPACT __attribute__((minsize, noinline))
#else
#define OK_COMPACT
#endif

#define OK_INLINE static inline __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(OK_LANES * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(OK_LANES * 4), aligned(4), may_alias));
typedef uint32_t vu __attribute__((vector_size(OK_LANES * 4), aligned(4), may_alias));

OK_INLINE vf v_load(const float *p) { return *(const vf *)p; }
OK_INLINE void v_store(float *p, vf x) { *(vf *)p = x; }
OK_INLINE vf v_splat(float x) { return x - (vf){0}; }
OK_INLINE vi vi_splat(int32_t x) { return x - (vi){0}; }
OK_INLINE vf v_zero(void) { return (vf){0}; }

// a * b + c: fused where the machine can, so the result is the same in every lane and tail.
OK_INLINE vf v_fma(vf a, vf b, vf c) {
#if defined(OK_ISA_SSE2)
    return a * b + c;
#else
    return __builtin_elementwise_fma(a, b, c);
#endif
}

// IEEE-like select: where mask lanes are all ones take a, else b.
OK_INLINE vf v_select(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }
OK_INLINE vi vi_select(vi mask, vi a, vi b) { return (mask & a) | (~mask & b); }
// NaN in x passes through; NaN in bound does not.
OK_INLINE vf v_min(vf x, vf bound) { return v_select(x > bound, bound, x); }
OK_INLINE vf v_max(vf x, vf bound) { return v_select(x < bound, bound, x); }
OK_INLINE vf v_abs(vf x) { return (vf)((vi)x & 0x7fffffff); }
OK_INLINE vf v_sqrt(vf x) { return __builtin_elementwise_sqrt(x); }

// The first n lanes (0 < n < OK_LANES); the rest read as zero, and are not touched by a store.
#if defined(OK_ISA_AVX512)
OK_INLINE vf v_load_part(const float *p, int64_t n) {
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), p);
}
OK_INLINE void v_store_part(float *p, vf x, int64_t n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)x);
}
#elif defined(OK_ISA_AVX2)
OK_INLINE __m256i ok_lane_mask(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
OK_INLINE vf v_load_part(const float *p, int64_t n) { return (vf)_mm256_maskload_ps(p, ok_lane_mask(n)); }
OK_INLINE void v_store_part(float *p, vf x, int64_t n) { _mm256_maskstore_ps(p, ok_lane_mask(n), (__m256)x); }
#else
OK_INLINE vf v_load_part(const float *p, int64_t n) {
    vf x = {0};
    for (int64_t i = 0; i < n; ++i) x[i] = p[i];
    return x;
}
OK_INLINE void v_store_part(float *p, vf x, int64_t n) {
    for (int64_t i = 0; i < n; ++i) p[i] = x[i];
}
#endif

// Sum of the lanes, pairwise.
OK_INLINE float v_sum(vf x) {
    float lanes[OK_LANES];
    v_store(lanes, x);
    for (int width = OK_LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
    return lanes[0];
}
