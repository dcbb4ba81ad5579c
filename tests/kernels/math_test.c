// Every unary kernel against double precision, on every instruction set this machine (or emulator) has.
//
// `math_test` alone tries a dense sample (a thin one with OK_TEST_SPARSE) and all special values, with and
// without flush-to-zero.
//
// `math_test sweep A B` tries exp, tanh and sigmoid on every float32 with bit patterns A 2^24 ..< B 2^24.
//
// `math_test digest` prints a number for their results on every 61st float32: equal numbers, equal results.
#include "kernel_test.h"
#include "math_reference.h"

typedef double (*reference)(double x, double alpha, double beta);

// ulp: the bound in units in the last place; where it is 0, absolute and relative bounds hold instead.
static const struct {
    const char *name;
    int32_t kind;
    reference f;
    float alpha, beta;
    double ulp, absolute, relative;
} cases[] = {
    {"identity", OK_IDENTITY, r_identity, 0, 0, 0, 0, 0},
    {"relu", OK_RELU, r_relu, 0, 0, 0, 0, 0},
    {"leaky_relu", OK_LEAKY_RELU, r_leaky, 0.01f, 0, 1, 0, 0},
    {"elu", OK_ELU, r_elu, 1.3f, 0, 0, 0, 3e-7},
    {"selu", OK_SELU, r_selu, 0, 0, 0, 0, 4e-7},
    {"gelu", OK_GELU, r_gelu, 0, 0, 0, 2e-7, 4e-7},
    {"gelu_tanh", OK_GELU_TANH, r_gelu_tanh, 0, 0, 0, 2e-7, 4e-7},
    {"sigmoid", OK_SIGMOID, r_sigmoid, 0, 0, 2, 0, 0},
    {"tanh", OK_TANH, r_tanh, 0, 0, 2, 0, 0},
    {"silu", OK_SILU, r_silu, 0, 0, 0, 1.5e-43, 4e-7},
    {"softplus", OK_SOFTPLUS, r_softplus, 1, 20, 0, 0, 4e-7},
    {"softplus_beta", OK_SOFTPLUS, r_softplus, 2.5f, 15, 0, 0, 7e-6}, // 2.5 x is rounded, as in PyTorch,
    {"softsign", OK_SOFTSIGN, r_softsign, 0, 0, 2, 0, 0},
    {"mish", OK_MISH, r_mish, 0, 0, 0, 1.5e-43, 6e-7},
    {"hardtanh", OK_HARDTANH, r_hardtanh, -0.5f, 0.75f, 0, 0, 0},
    {"hardsigmoid", OK_HARDSIGMOID, r_hardsigmoid, 0, 0, 0, 2e-7, 2e-7},
    {"hardswish", OK_HARDSWISH, r_hardswish, 0, 0, 0, 6e-7, 3e-7},
    {"exp", OK_EXP, r_exp, 0, 0, 2, 0, 0},
    {"log", OK_LOG, r_log, 0, 0, 2, 0, 0},
    {"sqrt", OK_SQRT, r_sqrt, 0, 0, 0.5, 0, 0},
    {"abs", OK_ABS, r_abs, 0, 0, 0, 0, 0},
    {"negate", OK_NEGATE, r_negate, 0, 0, 0, 0, 0},
    {"fast_tanh", OK_FAST_TANH, r_tanh, 0, 0, 0, 1.2e-4, 0},
    {"log_epsilon", OK_LOG, r_log, 1e-3f, 0, 2, 0, 0},
    {"square", OK_SQUARE, r_square, 0, 0, 0.5, 0, 0},
    {"sign", OK_SIGN, r_sign, 0, 0, 0, 0, 0},
    {"floor", OK_FLOOR, r_floor, 0, 0, 0, 0, 0},
    {"ceil", OK_CEIL, r_ceil, 0, 0, 0, 0, 0},
    {"round", OK_ROUND, r_round, 0, 0, 0, 0, 0},
    {"rsqrt", OK_RSQRT, r_rsqrt, 1e-3f, 0, 2, 0, 0},
    {"reciprocal", OK_RECIPROCAL, r_reciprocal, 1e-3f, 0, 1, 0, 0},
    {"erf", OK_ERF, r_erf, 0, 0, 0, 2e-7, 4e-7},
    {"exp2", OK_EXP2, r_exp2, 0, 0, 2, 0, 0},
    {"sin", OK_SIN, r_sin, 0, 0, 0, 1.5e-7, 0},
    {"cos", OK_COS, r_cos, 0, 0, 0, 1.5e-7, 0},
    {"tan", OK_TAN, r_tan, 0, 0, 2, 0, 0},
    {"asin", OK_ASIN, r_asin, 0, 0, 2, 0, 0},
    {"acos", OK_ACOS, r_acos, 0, 0, 2, 0, 0},
    {"atan", OK_ATAN, r_atan, 0, 0, 2, 0, 0},
    {"sinh", OK_SINH, r_sinh, 0, 0, 3, 0, 0},
    {"cosh", OK_COSH, r_cosh, 0, 0, 3, 0, 0},
    {"asinh", OK_ASINH, r_asinh, 0, 0, 3, 0, 0},
    {"acosh", OK_ACOSH, r_acosh, 0, 0, 3, 0, 0},
    {"atanh", OK_ATANH, r_atanh, 0, 0, 3, 0, 0},
    {"gelu_sigmoid", OK_GELU_SIGMOID, r_gelu_sigmoid, 0, 0, 0, 3e-7, 4e-7},
    {"scaled_tanh", OK_SCALED_TANH, r_scaled_tanh, 1.5f, 0.5f, 0, 1e-37, 4e-7},
    {"linear", OK_LINEAR_FUNCTION, r_linear, 1.5f, -2, 0, 3e-7, 2e-7},
    {"clamped_linear", OK_CLAMPED_LINEAR, r_clamped_linear, 0.25f, 0.5f, 0, 1e-7, 2e-7},
    {"clamped_relu", OK_CLAMPED_RELU, r_clamped_relu, 0.25f, 6, 0, 0, 0},
    {"thresholded_relu", OK_THRESHOLDED_RELU, r_thresholded_relu, 1, 0, 0, 0, 0},
    {"nam_fast_tanh", OK_NAM_FAST_TANH, r_nam_fast_tanh, 0, 0, 0, 0, 1e-6},
};
enum { CASES = sizeof cases / sizeof *cases, CHUNK = 1 << 14 };

static void apply(const ok_kernels *kernels, int which, float *x, float *y, int64_t n) {
    ok_unary_args args = {.function = {cases[which].kind, cases[which].alpha, cases[which].beta},
                          .rank = 1,
                          .shape = {n},
                          .source = {0, {1}},
                          .destination = {1, {1}}};
    void *slots[2] = {x, y};
    ok_context context = {.slots = slots};
    kernels->ok_unary(&args, &context);
}

static double ulp_error(float y, double r) {
    if (y == r) return 0;
    if (isinf(y)) return r * copysign(1, y) >= 0x1.ffffffp127 ? 0 : INFINITY;
    int exponent;
    frexp(r, &exponent);
    return fabs(y - r) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

// How far over its bound a result is: <= 1 is right.
static double excess(int which, float x, float y) {
    // Beyond, the products of the formula overflow, as they do in NeuralAmpModelerCore.
    if (cases[which].kind == OK_NAM_FAST_TANH && fabsf(x) > 1e9f) return 0;
    double r = cases[which].f(x, cases[which].alpha, cases[which].beta);
    if (isnan(r)) return isnan(y) ? 0 : INFINITY;
    if (isnan(y)) return INFINITY;
    if (cases[which].ulp > 0) return ulp_error(y, r) / cases[which].ulp;
    if (isinf(r) || (float)r == y) return (float)r == y ? 0 : INFINITY;
    return fabs(y - r) / (cases[which].absolute + cases[which].relative * fabs(r) + 0x1p-149);
}

// With flush-to-zero a denormal input may count as zero, and a result as zero below FLT_MIN: only there for
// the functions whose bound is in ulp of the whole range, within a factor of x where a product has such a
// factor.
static double excess_flushed(int which, float x, float y) {
    double strict = excess(which, x, y);
    if (strict <= 1) return strict;
    int32_t kind = cases[which].kind;
    int exact = kind == OK_EXP || kind == OK_TANH || kind == OK_SIGMOID;
    double r = cases[which].f(x, cases[which].alpha, cases[which].beta);
    if (fabs(r - y) <= 0x1p-126 * (exact ? 1 : 1 + fabs(x)) && (!exact || y == 0)) return 0;
    return fpclassify(x) == FP_SUBNORMAL ? excess(which, copysignf(0, x), y) : strict;
}

static double check(const ok_kernels *kernels, int which, float *x, float *y, int64_t n, int flush,
                    float *worst) {
    uint64_t mode = flush ? ok_flush_denormals() : 0;
    apply(kernels, which, x, y, n);
    if (flush) ok_restore_denormals(mode);
    double most = 0;
    for (int64_t i = 0; i < n; ++i) {
        double e = flush ? excess_flushed(which, x[i], y[i]) : excess(which, x[i], y[i]);
        if (e > most) most = e, *worst = x[i];
    }
    return most;
}

static int64_t special(float *x) {
    static const float values[] = {
        0,         1,           0.5f,        90,          88.72283f,       88.72284f,
        87.3365f,  103.97f,     104,         9.01f,       9.02f,           10,
        20,        3,           6,           1e-45f,      1e-40f,          0x1.fffffcp-127f,
        0x1p-126f, 1e-30f,      1e-8f,       1e30f,       0x1.fffffep127f, INFINITY,
        NAN,       0.34657359f, 0.17328679f, 0.69314718f, 1.4142135f,      0.70710678f};
    int64_t n = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i) x[n++] = values[i], x[n++] = -values[i];
    return n;
}

// x at all scales, then dense over the curved part of every function.
static void sample(float *x, int64_t chunk) {
    for (int64_t i = 0; i < CHUNK; ++i)
        x[i] = chunk % 2 ? as_float(random_bits()) : (float)(random_unit() * (chunk % 4 ? 12 : 110));
}

static void check_kernels(const char *isa, const ok_kernels *kernels) {
    static float x[CHUNK], y[CHUNK], z[CHUNK];
    for (int which = 0; which < CASES; ++which) {
        double most = 0;
        float worst = 0, at = 0;
        for (int flush = 0; flush < 2; ++flush)
            for (int64_t chunk = -1; chunk < thinned(64); ++chunk) {
                int64_t n = chunk < 0 ? special(x) : CHUNK;
                if (chunk >= 0) sample(x, chunk);
                double e = check(kernels, which, x, y, n, flush, &at);
                if (e > most) most = e, worst = at;
            }
        double unit = cases[which].ulp > 0 ? cases[which].ulp : 1;
        printf("%-7s %-16s worst %8.4f %s at %g\n", isa, cases[which].name, most * unit,
               cases[which].ulp > 0 ? "ulp" : "of its bound", worst);
        expect(most <= 1, "%s %s: %g times its bound at %a", isa, cases[which].name, most, worst);

        // Whatever the cut, and in place, the same bits.
        sample(x, 2);
        apply(kernels, which, x, y, 999);
        memcpy(z, x, sizeof z);
        for (int64_t from = 0, n; from < 999; from += n) {
            n = 1 + random_bits() % 37;
            if (n > 999 - from) n = 999 - from;
            apply(kernels, which, z + from, z + from, n);
        }
        expect(memcmp(y, z, 999 * sizeof *y) == 0, "%s %s depends on the cut", isa, cases[which].name);
        expect(memcmp(x + 999, z + 999, sizeof z - 999 * sizeof *z) == 0, "%s %s wrote past its end", isa,
               cases[which].name);
    }
    // Positive control: the check sees an error of 4 ulp.
    float bad = as_float(as_bits(tanhf(0.3f)) + 4);
    for (int which = 0; which < CASES; ++which)
        if (cases[which].kind == OK_TANH) expect(excess(which, 0.3f, bad) > 1, "a wrong tanh passes");
}

static void sweep(int64_t from, int64_t to) {
    static float x[CHUNK], y[CHUNK];
    static const int32_t kinds[] = {OK_EXP, OK_TANH, OK_SIGMOID};
    for (size_t k = 0; k < 3; ++k) {
        int which = 0;
        while (cases[which].kind != kinds[k]) ++which;
        double most[ISA_COUNT] = {0};
        float worst[ISA_COUNT] = {0};
        for (int64_t bits = from << 24; bits < to << 24; bits += CHUNK) {
            double r[CHUNK];
            for (int64_t i = 0; i < CHUNK; ++i)
                x[i] = as_float((uint32_t)(bits + i)), r[i] = cases[which].f(x[i], 0, 0);
            for (int isa = 0; isa < ISA_COUNT; ++isa) {
                const ok_kernels *kernels = ok_kernels_named(isa_names[isa]);
                if (!kernels) continue;
                apply(kernels, which, x, y, CHUNK);
                for (int64_t i = 0; i < CHUNK; ++i) {
                    double e = isnan(r[i]) || isnan(y[i]) ? (isnan(r[i]) && isnan(y[i]) ? 0 : INFINITY)
                                                          : ulp_error(y[i], r[i]);
                    if (e > most[isa]) most[isa] = e, worst[isa] = x[i];
                }
            }
        }
        for (int isa = 0; isa < ISA_COUNT; ++isa) {
            if (!ok_kernels_named(isa_names[isa])) continue;
            printf("%-7s %-8s %lld..<%lld worst %.4f ulp at %a\n", isa_names[isa], cases[which].name,
                   (long long)from, (long long)to, most[isa], worst[isa]);
            expect(most[isa] <= 2, "%s %s over 2 ulp", isa_names[isa], cases[which].name);
        }
    }
}

// For machines too slow for the sweep: the same digest as a set that was swept proves as much, or nearly.
static void digest(void) {
    static float x[CHUNK], y[CHUNK];
    for (int isa = 0; isa < ISA_COUNT; ++isa) {
        const ok_kernels *kernels = ok_kernels_named(isa_names[isa]);
        if (!kernels) continue;
        for (int which = 0; which < CASES; ++which) {
            int32_t kind = cases[which].kind;
            if (kind != OK_EXP && kind != OK_TANH && kind != OK_SIGMOID) continue;
            uint64_t hash = 14695981039346656037u, bits = 0;
            while (bits < UINT64_C(1) << 32) {
                for (int64_t i = 0; i < CHUNK; ++i, bits += 61) x[i] = as_float((uint32_t)bits);
                apply(kernels, which, x, y, CHUNK);
                for (int64_t i = 0; i < CHUNK; ++i)
                    hash = (hash ^ (isnan(y[i]) ? 0x7fc00000 : as_bits(y[i]))) * 1099511628211u;
            }
            printf("%-7s %-8s %016llx\n", isa_names[isa], cases[which].name, (unsigned long long)hash);
        }
    }
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "sweep") == 0) {
        sweep(atoll(argv[2]), atoll(argv[3]));
    } else if (argc == 2 && strcmp(argv[1], "digest") == 0) {
        digest();
        return 0;
    } else {
        for (int isa = 0; isa < ISA_COUNT; ++isa) {
            const ok_kernels *kernels = ok_kernels_named(isa_names[isa]);
            if (kernels) check_kernels(isa_names[isa], kernels);
        }
    }
    return finish("math_test");
}
