// Elementary functions on vectors.
//
// exp, tanh and sigmoid are within 2 ulp of the exact value for every float32; NaN gives NaN. A result below
// FLT_MIN is right as a denormal, or 0 where the caller has set flush-to-zero. Each lane depends on its own
// input alone. All coefficients are minimax fits made for this file (weighted least squares, Lawson's
// iteration, on the error that each comment names), rounded to float32; where a machine has no fused
// multiply-add, the range reduction uses constants short enough for exact products.

// 2^23 * 1.5: adding it rounds to an integer, which then stands in the low bits. With 127 + k added as well,
// those bits shifted by 23 are the float 2^(n + k).
#define OK_ROUND_BIASED(k) (0x1.8p23f + 127.0f + (k))

// expm1(r) = r + r^2 q(r) for |r| <= ln2 / 2; returns q times scale, for r given as r / ratio, so that
// callers can work in half units at no cost. Relative error of expm1: 0.22 * 2^-24.
OK_INLINE vf ok_expm1_tail(vf r, vf r2, float scale, float ratio) {
    float a = scale, b = a * ratio, c = b * ratio, d = c * ratio, e = d * ratio;
    vf low = v_fma(r, v_splat(0x1.5554b0p-3f * b), v_splat(0x1.fffffep-2f * a));
    vf high = v_fma(r, v_splat(0x1.122784p-7f * d), v_splat(0x1.555674p-5f * c));
    high = v_fma(r2, v_splat(0x1.6bec04p-10f * e), high);
    return v_fma(r2, high, low);
}

// x - n ln2, for |n| < 256: ln2's first part has 16 bits, so its product is exact.
OK_INLINE vf ok_reduce_ln2(vf x, vf n) {
    return v_fma(n, v_splat(-0x1.7f7d1cp-20f), v_fma(n, v_splat(-0x1.62e4p-1f), x));
}

// x = n ln2 + r: 2^(n + k) in *power, n in *n, e^r returned.
OK_INLINE vf ok_exp_split(vf x, int k, vf *n, vf *power) {
    vf rounded = v_fma(x, v_splat(0x1.715476p+0f), v_splat(OK_ROUND_BIASED(k)));
    *power = (vf)((vi)rounded << 23);
    *n = rounded - v_splat(OK_ROUND_BIASED(k));
    vf r = ok_reduce_ln2(x, *n), r2 = r * r;
    return v_fma(r2, ok_expm1_tail(r, r2, 1, 1), r) + 1.0f;
}

OK_INLINE vf v_exp(vf x) {
    // Past these bounds the scaling below gives infinity and zero by itself.
    x = v_max(v_min(x, v_splat(89)), v_splat(-104));
    vf n, power, p = ok_exp_split(x, 0, &n, &power);
#if defined(OK_ISA_AVX512)
    return (vf)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    // 2^n in two halves: n reaches from -150 to 128, and one float's exponent does not.
    vi whole = __builtin_convertvector(n, vi), half = whole >> 1;
    return p * (vf)((half + 127) << 23) * (vf)((whole - half + 127) << 23);
#endif
}

// e^x for x <= 0 (and NaN): one scaling, by 2^24 too much and back, reaches every denormal.
OK_INLINE vf v_exp_negative(vf x) {
    x = v_max(x, v_splat(-104));
    vf n, power, p = ok_exp_split(x, 24, &n, &power);
#if defined(OK_ISA_AVX512)
    return (vf)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    return p * power * 0x1p-24f;
#endif
}

// a / (a + 1) for a >= 0. Where a is small the rounding of a + 1 would show: there a - a (a / (a + 1)) is
// nearer.
OK_INLINE vf ok_over_self_plus_one(vf a, vf numerator, vi small) {
    vf y = numerator / (a + 1.0f);
    return v_select(small, v_fma(-a, y, a), y);
}

// 1 / (1 + e^-x), from e^-|x| so that both tails keep their relative accuracy.
OK_INLINE vf v_sigmoid(vf x) {
    vf e = v_exp_negative((vf)((vi)x | INT32_MIN));
    return ok_over_self_plus_one(e, v_select(x < 0, e, v_splat(1)), x < -0.8f);
}

// h / (h + 1) with h = expm1(2|x|) / 2. Works in half units: 2|x| = n ln2 + 2r, so r is x itself for small x.
OK_INLINE vf v_tanh(vf x) {
    vf a = v_min(v_abs(x), v_splat(10)); // tanh rounds to 1 from 9.02 on
    vf rounded = v_fma(a, v_splat(0x1.715476p+1f), v_splat(OK_ROUND_BIASED(0)));
    vf power = (vf)((vi)rounded << 23), n = rounded - v_splat(OK_ROUND_BIASED(0));
#if defined(OK_ISA_SSE2)
    // The low part of n ln2 joins last: one rounding less.
    vf high = a - n * 0x1.62e4p-2f, low = n * 0x1.7f7d1cp-21f;
    vf r = high - low, r2 = r * r, p = high + (r2 * ok_expm1_tail(r, r2, 2, 2) - low);
#else
    vf r = v_fma(n, v_splat(-0x1.62e430p-2f), a); // fused, and n <= 29: one part of ln2 is enough
    vf r2 = r * r, p = v_fma(r2, ok_expm1_tail(r, r2, 2, 2), r);
#endif
    vf h = v_fma(power, p, v_fma(power, v_splat(0.5f), v_splat(-0.5f)));
    vf y = ok_over_self_plus_one(h, h, a < 0.35f);
    return (vf)((vi)y | ((vi)x & INT32_MIN));
}

OK_INLINE vf v_expm1(vf x) {
    vf bounded = v_max(v_min(x, v_splat(89)), v_splat(-20));
    // One power of two too few, given back at the end: 2^128 is not a float.
    vf rounded = v_fma(bounded, v_splat(0x1.715476p+0f), v_splat(OK_ROUND_BIASED(-1)));
    vf power = (vf)((vi)rounded << 23), n = rounded - v_splat(OK_ROUND_BIASED(-1));
    vf r = ok_reduce_ln2(bounded, n), r2 = r * r;
    vf p = v_fma(r2, ok_expm1_tail(r, r2, 1, 1), r);
    vf half = v_fma(power, p, power - 0.5f);
    return v_select(v_abs(x) < 0x1p-26f, x, half + half);
}

// log(x) = e ln2 + log(m), m in [sqrt(1/2), sqrt(2)). Relative error of the fit: 0.01 * 2^-24.
OK_INLINE vf v_log(vf x) {
    vi denormal = x < 0x1p-126f;
    vf scaled = v_select(denormal, x * 0x1p25f, x);
    vi bits = (vi)scaled, exponent = (bits - 0x3f3504f3) >> 23;
    vf f = (vf)(bits - (exponent << 23)) - 1.0f;
    vf e = __builtin_convertvector(exponent, vf) - v_select(denormal, v_splat(25), v_zero());
    vf p = v_splat(0x1.1457a8p-4f);
    p = v_fma(p, f, v_splat(-0x1.de3c16p-4f));
    p = v_fma(p, f, v_splat(0x1.e6f06ap-4f));
    p = v_fma(p, f, v_splat(-0x1.fc2208p-4f));
    p = v_fma(p, f, v_splat(0x1.233768p-3f));
    p = v_fma(p, f, v_splat(-0x1.555c4ep-3f));
    p = v_fma(p, f, v_splat(0x1.99a4b6p-3f));
    p = v_fma(p, f, v_splat(-0x1.000006p-2f));
    p = v_fma(p, f, v_splat(0x1.555548p-2f));
    vf f2 = f * f, tail = v_fma(e, v_splat(0x1.7f7d1cp-20f), f * f2 * p);
    vf y = v_fma(e, v_splat(0x1.62e4p-1f), v_fma(f2, v_splat(-0.5f), tail) + f);
    y = v_select(x == 0, v_splat(-INFINITY), y);
    y = v_select(x < 0, v_splat(NAN), y);
    return v_select((x == INFINITY) | (x != x), x, y);
}

// log(1 + e) for 0 <= e <= 1: what rounding 1 + e lost is put back to first order.
OK_INLINE vf ok_log1p_unit(vf e) {
    vf u = e + 1.0f;
    return v_log(u) + (e - (u - 1.0f)) / u;
}

// erfc(t) for t >= 0: exp of t times a fit of log(erfc(t)) / t on [0, 10]. Absolute error below 1.2e-7.
OK_INLINE vf ok_erfc_positive(vf t) {
    t = v_min(t, v_splat(11)); // underflows to 0 there
    vf p = v_splat(0x1.1968a4p-34f);
    p = v_fma(p, t, v_splat(-0x1.141714p-28f));
    p = v_fma(p, t, v_splat(0x1.dd7144p-24f));
    p = v_fma(p, t, v_splat(-0x1.de4b64p-20f));
    p = v_fma(p, t, v_splat(0x1.325be2p-16f));
    p = v_fma(p, t, v_splat(-0x1.03ed5ap-13f));
    p = v_fma(p, t, v_splat(0x1.1f1ee6p-11f));
    p = v_fma(p, t, v_splat(-0x1.61c1e0p-10f));
    p = v_fma(p, t, v_splat(-0x1.6a2b82p-12f));
    p = v_fma(p, t, v_splat(0x1.409fecp-6f));
    p = v_fma(p, t, v_splat(-0x1.a5b21cp-4f));
    p = v_fma(p, t, v_splat(-0x1.45ee98p-1f));
    p = v_fma(p, t, v_splat(-0x1.20dd98p+0f));
    return v_exp_negative(p * t);
}

// An odd polynomial below 1 (relative error of the fit 0.02 * 2^-24), 1 - erfc above.
OK_INLINE vf v_erf(vf x) {
    vf t = v_abs(x), s = x * x, p = v_splat(0x1.496a32p-14f);
    p = v_fma(p, s, v_splat(-0x1.a3f700p-11f));
    p = v_fma(p, s, v_splat(0x1.5405b2p-8f));
    p = v_fma(p, s, v_splat(-0x1.b7f90ep-6f));
    p = v_fma(p, s, v_splat(0x1.ce2cf8p-4f));
    p = v_fma(p, s, v_splat(-0x1.81273ep-2f));
    p = v_fma(p, s, v_splat(0x1.20dd74p+0f));
    vf large = (vf)((vi)(1.0f - ok_erfc_positive(t)) | ((vi)x & INT32_MIN));
    return v_select(t < 1.0f, p * x, large);
}
