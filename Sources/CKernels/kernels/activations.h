// Activations, made of the functions of math.h.

// x Phi(x): by erfc on both sides, so that the negative side keeps its digits.
OK_INLINE vf ok_gelu(vf x) {
    vf half = ok_erfc_positive(v_abs(x) * 0x1.6a09e6p-1f) * 0.5f;
    return x * v_select(x < 0, half, 1.0f - half);
}

// 0.5 (1 + tanh(u)) = sigmoid(2u), which keeps the negative side's digits; 2 sqrt(2/pi) and that times
// 0.044715.
OK_INLINE vf ok_gelu_tanh(vf x) {
    return x * v_sigmoid(x * v_fma(x * x, v_splat(0.07135481627f), v_splat(1.595769121606f)));
}

OK_INLINE vf ok_softplus(vf x, float beta, float threshold) {
    vf z = x * beta;
    vf y = v_max(z, v_zero()) + ok_log1p_unit(v_exp_negative((vf)((vi)z | INT32_MIN)));
    return v_select(z > threshold, x, y / beta);
}

// x tanh(softplus(x)); with w = e^x, tanh(log(1 + w)) = w (w + 2) / (w (w + 2) + 2).
OK_INLINE vf ok_mish(vf x) {
    vf w = v_exp(v_min(x, v_splat(20))), s = v_fma(w, w, w + w);
    return x * (s / (s + 2.0f));
}

OK_INLINE vf ok_elu(vf x, float alpha, float scale) {
    return v_select(x > 0, x * scale, v_expm1(v_min(x, v_zero())) * (alpha * scale));
}

// Lambert's continued fraction for tanh, cut after its seventh term and clamped where it reaches 1.
OK_INLINE vf ok_fast_tanh(vf x) {
    x = v_max(v_min(x, v_splat(4.97f)), v_splat(-4.97f));
    vf s = x * x;
    vf p = v_fma(s, v_fma(s, s + 378.0f, v_splat(17325)), v_splat(135135));
    vf q = v_fma(s, v_fma(s, v_fma(s, v_splat(28), v_splat(3150)), v_splat(62370)), v_splat(135135));
    return x * p / q;
}

OK_INLINE vf ok_clamp(vf x, float low, float high) { return v_min(v_max(x, v_splat(low)), v_splat(high)); }

// NAM's "Fasttanh", as its trained models expect it: x (c1 + c1 a + (c2 + c3 a) x^2) / (c4 + (c4 + x^2) |x +
// c5 x a|) with a = |x|. Source of the constants: NeuralAmpModelerCore, NAM/activations.h.
OK_INLINE vf ok_nam_fast_tanh(vf x) {
    vf a = v_abs(x), square = x * x;
    vf numerator = x * (2.45550750702956f + 2.45550750702956f * a +
                        (0.893229853513558f + 0.821226666969744f * a) * square);
    vf denominator = 2.44506634652299f + (2.44506634652299f + square) * v_abs(x + 0.814642734961073f * x * a);
    return numerator / denominator;
}

// The activation `kind` (a constant where it is called, so that the switch folds away).
#if !defined(__OPTIMIZE__)
// Unoptimised, every inlined copy keeps its own temporaries, more than a thread's stack holds.
__attribute__((noinline, unused)) static vf v_activate(int32_t kind, vf x, float alpha, float beta);
#define OK_ACTIVATE static
#else
#define OK_ACTIVATE OK_INLINE
#endif
OK_ACTIVATE vf v_activate(int32_t kind, vf x, float alpha, float beta) {
    switch (kind) {
    case OK_RELU:
        return v_max(x, v_zero());
    case OK_LEAKY_RELU:
        return v_select(x > 0, x, x * alpha);
    case OK_ELU:
        return ok_elu(x, alpha, 1);
    case OK_SELU:
        return ok_elu(x, 1.6732632423543772f, 1.0507009873554805f);
    case OK_GELU:
        return ok_gelu(x);
    case OK_GELU_TANH:
        return ok_gelu_tanh(x);
    case OK_SIGMOID:
        return v_sigmoid(x);
    case OK_TANH:
        return v_tanh(x);
    case OK_SILU:
        return x * v_sigmoid(x);
    case OK_SOFTPLUS:
        return ok_softplus(x, alpha, beta);
    case OK_SOFTSIGN:
        return x / (v_abs(x) + 1.0f);
    case OK_MISH:
        return ok_mish(x);
    case OK_HARDTANH:
        return ok_clamp(x, alpha, beta);
    case OK_HARDSIGMOID:
        return ok_clamp(x + 3.0f, 0, 6) / 6.0f;
    case OK_HARDSWISH:
        return x * (ok_clamp(x + 3.0f, 0, 6) / 6.0f);
    case OK_EXP:
        return v_exp(x);
    case OK_LOG:
        return v_log(x + alpha);
    case OK_SQRT:
        return v_sqrt(x);
    case OK_ABS:
        return v_abs(x);
    case OK_NEGATE:
        return -x;
    case OK_FAST_TANH:
        return ok_fast_tanh(x);
    case OK_NAM_FAST_TANH:
        return ok_nam_fast_tanh(x);
    case OK_SQUARE:
        return x * x;
    case OK_SIGN:
        return v_select(x > 0, v_splat(1), v_select(x < 0, v_splat(-1), x * 0.0f));
    case OK_FLOOR:
        return v_floor(x);
    case OK_CEIL:
        return -v_floor(-x);
    case OK_ROUND:
        return v_round(x);
    case OK_RSQRT:
        return 1.0f / v_sqrt(x + alpha);
    case OK_RECIPROCAL:
        return 1.0f / (x + alpha);
    case OK_ERF:
        return v_erf(x);
    case OK_EXP2:
        return v_exp2(x);
    case OK_SIN:
        return v_sin(x, 0);
    case OK_COS:
        return v_sin(x, 1);
    case OK_TAN:
        return OK_EACH_LANE(tanf, x);
    case OK_ASIN:
        return OK_EACH_LANE(asinf, x);
    case OK_ACOS:
        return OK_EACH_LANE(acosf, x);
    case OK_ATAN:
        return OK_EACH_LANE(atanf, x);
    case OK_SINH:
        return OK_EACH_LANE(sinhf, x);
    case OK_COSH:
        return OK_EACH_LANE(coshf, x);
    case OK_ASINH:
        return OK_EACH_LANE(asinhf, x);
    case OK_ACOSH:
        return OK_EACH_LANE(acoshf, x);
    case OK_ATANH:
        return OK_EACH_LANE(atanhf, x);
    case OK_GELU_SIGMOID:
        return x * v_sigmoid(x * 1.702f);
    case OK_SCALED_TANH:
        return alpha * v_tanh(x * beta);
    case OK_LINEAR_FUNCTION:
        return v_fma(x, v_splat(alpha), v_splat(beta));
    case OK_CLAMPED_LINEAR:
        return ok_clamp(v_fma(x, v_splat(alpha), v_splat(beta)), 0, 1);
    case OK_CLAMPED_RELU:
        return v_min(v_select(x > 0, x, x * alpha), v_splat(beta));
    case OK_THRESHOLDED_RELU:
        return v_select(x < alpha, v_zero(), x);
    default:
        return x;
    }
}
