// Rounding, sine and cosine.

// A function of the C library, lane by lane: for what no audio model spends time on.
#define OK_EACH_LANE(function, x)                                                                            \
    ({                                                                                                       \
        vf ok_y;                                                                                             \
        for (int ok_l = 0; ok_l < OK_LANES; ++ok_l) ok_y[ok_l] = function((x)[ok_l]);                        \
        ok_y;                                                                                                \
    })

// To the nearest integer, halves to even. From 2^23 on every float is an integer.
OK_INLINE vf v_round(vf x) {
    vf a = v_abs(x), r = (a + 0x1p23f) - 0x1p23f;
    r = (vf)((vi)r | ((vi)x & INT32_MIN));
    return v_select(a < 0x1p23f, r, x);
}

OK_INLINE vf v_floor(vf x) {
    vf r = v_round(x);
    return v_select(r > x, r - 1.0f, r);
}

OK_INLINE vf v_exp2(vf x) {
    // Beyond these bounds the scaling gives infinity and zero by itself.
    x = v_max(v_min(x, v_splat(129)), v_splat(-151));
    vf n = v_round(x), r = (x - n) * 0x1.62e43p-1f, r2 = r * r;
    vf p = v_fma(r2, ok_expm1_tail(r, r2, 1, 1), r) + 1.0f;
    vi whole = __builtin_convertvector(v_select(x == x, n, v_zero()), vi), half = whole >> 1;
    return p * (vf)((half + 127) << 23) * (vf)((whole - half + 127) << 23);
}

// sin(x), or cos(x) a quarter on. x = n pi/2 + r in three parts whose products with n are exact; beyond the
// range where they are, the C library's slower reduction. Polynomials: Cephes' sinf and cosf (S. Moshier),
// |r| <= pi/4.
OK_INLINE vf v_sin(vf x, int quarters) {
    vf biased = v_fma(x, v_splat(0x1.45f306p-1f), v_splat(0x1.8p23f)), n = biased - v_splat(0x1.8p23f);
    vi quadrant = (vi)biased + quarters;
    vf r = v_fma(n, v_splat(-0x1.92p0f), x);
    r = v_fma(n, v_splat(-0x1.fb4p-12f), r);
    r = v_fma(n, v_splat(-0x1.4442d2p-24f), r);
    vf s = r * r;
    vf sine =
        v_fma(v_fma(s, v_splat(-1.9515295891e-4f), v_splat(8.3321608736e-3f)), s, v_splat(-1.6666654611e-1f));
    sine = v_fma(sine * s, r, r);
    vf cosine = v_fma(v_fma(s, v_splat(2.443315711809948e-5f), v_splat(-1.388731625493765e-3f)), s,
                      v_splat(4.166664568298827e-2f));
    cosine = v_fma(cosine * s, s, v_fma(s, v_splat(-0.5f), v_splat(1)));
    vf y = v_select((quadrant & 1) == 0, sine, cosine);
    y = (vf)((vi)y ^ ((quadrant & 2) << 30));
    vi far = v_abs(x) >= 8192.0f;
    if (__builtin_reduce_or(far))
        for (int l = 0; l < OK_LANES; ++l)
            if (far[l]) y[l] = quarters ? cosf(x[l]) : sinf(x[l]);
    return y;
}
