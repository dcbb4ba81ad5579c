// Element-wise kernels: addressing, aliasing, and the activations value by value.
#pragma once

namespace {
struct Rows {
    uint32_t channels, length, aPitch, bPitch, outPitch;
};

int dispatch_rows(const char *name, std::vector<msl_buffer> buffers, ElementwiseParams &p, int order,
                  bool clipped) {
    buffers.push_back({&p, sizeof p});
    const msl_arguments arguments = {buffers.data(), (int)buffers.size()};
    const msl_options options = {order, 5};
    const msl_size threads = {32, 2, 1};
    const char *error = "";
    const int code = clipped
                         ? msl_dispatch_threads(find(name), &arguments, {p.length, p.channels, 1}, threads,
                                                &options, &error)
                         : msl_dispatch_threadgroups(find(name), &arguments,
                                                     {divide_up(p.length, 32), divide_up(p.channels, 2), 1},
                                                     threads, &options, &error);
    ++runs;
    if (code) {
        ++failures;
        printf("FAIL %s: %s\n", name, error);
    }
    return code;
}

void additions() {
    const uint32_t channels = 3, length = 45;
    for (int order = 0; order < 3; ++order)
        for (int clipped = 0; clipped < 2; ++clipped)
            for (int in_place = 0; in_place < 2; ++in_place) {
                Buffer a(channels * 47 - 2), b(channels * 46 - 1), fresh(channels * 47 - 2);
                std::vector<double> expected;
                for (uint32_t c = 0; c < channels; ++c)
                    for (uint32_t i = 0; i < length; ++i) {
                        a[c * 47 + i] = float(c) - 0.25f * float(i);
                        b[c * 46 + i] = 0.125f * float(i * c) - 1;
                        expected.push_back(std::fmax(double(a[c * 47 + i]) + b[c * 46 + i], 0.0));
                    }
                Buffer &out = in_place ? a : fresh;
                ElementwiseParams p = {channels, length, 47, 46, 47, ActivationRelu, 0, 0};
                if (dispatch_rows("elementwise_add", {a.bound(), b.bound(), out.bound()}, p, order, clipped))
                    continue;
                bool right = true;
                for (uint32_t c = 0; c < channels; ++c)
                    for (uint32_t i = 0; i < length; ++i)
                        right &= out[c * 47 + i] == expected[c * length + i];
                for (uint32_t c = 0; c + 1 < channels; ++c) right &= std::isnan(out[c * 47 + 45]);
                if (right) continue;
                ++failures;
                printf("FAIL elementwise_add: wrong result, order %d\n", order);
            }
}

// Distance in units of the last place of the expected float. Below 2^-119 a factor may be subnormal, which a
// GPU may flush to zero, so there the unit is such that half the smallest normal float counts as 1.
double ulps(float y, double expected) {
    if (std::isnan(expected)) return std::isnan(y) ? 0 : INFINITY;
    if ((float)expected == y) return 0;
    if (std::isnan(y) || std::isinf(y) || std::isinf((float)expected)) return INFINITY;
    if (std::fabs(expected) < 0x1p-119) return std::fabs(y - expected) / 0x1p-127;
    int exponent;
    std::frexp(expected, &exponent);
    return std::fabs(y - expected) / std::ldexp(1.0, exponent - 24);
}

std::vector<float> test_values(bool quick) {
    std::vector<float> x = {0.0f,    -0.0f,  INFINITY, -INFINITY, NAN,     1e-45f,
                            -1e-45f, 1e-38f, -1e-38f,  3.4e38f,   -3.4e38f};
    const uint32_t step = quick ? 0x200003u : 0x4003u;
    for (uint32_t bits = 0x00800000u; bits < 0x7f000000u; bits += step) // every magnitude, in even ulp steps
        for (uint32_t sign = 0; sign < 2; ++sign) {
            const uint32_t word = bits | sign << 31;
            float value;
            memcpy(&value, &word, 4);
            x.push_back(value);
        }
    for (float half = -8; half <= 8; half += 0.5f) x.push_back(half); // where rounding has to choose
    std::mt19937 random(3);
    std::uniform_real_distribution<float> wide(-110, 110), narrow(-4, 4);
    for (int i = 0; i < (quick ? 500 : 100000); ++i) x.push_back(wide(random)), x.push_back(narrow(random));
    return x;
}

// Where PyTorch itself gives NaN at infinity (inf / inf, inf * 0) the reference's limit is not asked for.
bool skipped(int kind, float x) {
    const bool product = kind == ActivationGeluTanh || kind == ActivationSilu || kind == ActivationMish ||
                         kind == ActivationHardswish || kind == ActivationSoftsign ||
                         kind == ActivationGeluSigmoid;
    return product && std::isinf(x);
}

// These round the argument of an exponential, as PyTorch does: e^y then carries y units of error.
double conditioning(int kind, double x, double scale) {
    if (kind == ActivationSoftplus) return 1 + std::fabs(x * scale) / 4;
    if (kind == ActivationGeluTanh) return 1 + std::fabs(1.6 * (x + 0.044715 * x * x * x)) / 4;
    if (kind == ActivationGeluSigmoid) return 1 + std::fabs(1.702 * x) / 4;
    return 1;
}

void activations(bool quick) {
    const std::vector<float> x = test_values(quick);
    const auto n = (uint32_t)x.size();
    for (int kind = 0; kind < (int)ActivationEnd; ++kind) {
        if (kind > (int)ActivationReciprocal && kind < (int)ActivationGeluSigmoid) continue; // no form in the shaders
        Buffer a(n), out(n);
        memcpy(a.data.get(), x.data(), n * sizeof(float));
        const float alpha = kind == ActivationSoftplus ? 1.5f : 0.3f,
                    beta = kind == ActivationSoftplus ? 20.0f : 0.8f;
        ElementwiseParams p = {1, n, n, n, n, (uint32_t)kind, alpha, beta};
        if (dispatch_rows("elementwise_activation", {a.bound(), out.bound()}, p, kind % 3, kind & 1))
            continue;
        double most = 0;
        float where = 0;
        for (uint32_t i = 0; i < n; ++i) {
            if (skipped(kind, x[i])) continue;
            const double e =
                ulps(out[i], reference::activate(x[i], kind, alpha, beta)) / conditioning(kind, x[i], alpha);
            if (!(e <= most)) most = e, where = x[i];
        }
        if (!quick) printf("  activation %2d: worst %.2f ulp, at %.9g\n", kind, most, where);
        if (most <= 8) continue;
        ++failures;
        printf("FAIL activation %d: wrong result, %.3g ulp at %.9g: %.9g\n", kind, most, where,
               reference::activate(where, kind, alpha, beta));
    }
}

void elementwise(bool quick) {
    additions();
    activations(quick);
}
} // namespace
