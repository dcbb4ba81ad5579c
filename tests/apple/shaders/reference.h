// The float64 reference: written from the formulas of PyTorch's documentation, independent of the shaders.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

namespace reference {

inline double activate(double x, int kind, double alpha, double beta) {
    const auto sigmoid = [](double v) {
        return v < 0 ? std::exp(v) / (1 + std::exp(v)) : 1 / (1 + std::exp(-v));
    };
    const auto softplus = [](double v) { return std::fmax(v, 0.0) + std::log1p(std::exp(-std::fabs(v))); };
    const auto clamp = [](double v, double a, double b) { return v < a ? a : (v > b ? b : v); };
    switch (kind) {
    case 1:
        return x < 0 ? 0 : x;
    case 2:
        return x < 0 ? alpha * x : x;
    case 3:
        return x < 0 ? alpha * std::expm1(x) : x;
    case 4:
        return 1.0507009873554804934193349852946 *
               (x < 0 ? 1.6732632423543772848170429916717 * std::expm1(x) : x);
    case 5:
        return x == -INFINITY ? -0.0 : 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case 6:
        return x * sigmoid(2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
    case 7:
        return sigmoid(x);
    case 8:
        return std::tanh(x);
    case 9:
        return x * sigmoid(x);
    case 10:
        return x * alpha > beta ? x : softplus(x * alpha) / alpha;
    case 11:
        return x / (1 + std::fabs(x));
    case 12:
        return x * std::tanh(softplus(x));
    case 13:
        return clamp(x, alpha, beta);
    case 14:
        return clamp(x + 3, 0, 6) / 6;
    case 15:
        return x * clamp(x + 3, 0, 6) / 6;
    case 16:
        return std::exp(x);
    case 17:
        return std::log(x);
    case 18:
        return std::sqrt(x);
    case 19:
        return std::fabs(x);
    case 20:
        return -x;
    case 21:
        return std::tanh(x);
    case 22: { // NeuralAmpModelerCore's fast_tanh; bounded so that infinity has its limit
        x = clamp(x, -1e60, 1e60);
        const double a = std::fabs(x), s = x * x;
        return x * (2.45550750702956 + 2.45550750702956 * a + (0.893229853513558 + 0.821226666969744 * a) * s) /
               (2.44506634652299 + (2.44506634652299 + s) * std::fabs(x + 0.814642734961073 * x * a));
    }
    case 23:
        return x * x;
    case 24:
        return x > 0 ? 1 : (x < 0 ? -1 : x);
    case 25:
        return std::floor(x);
    case 26:
        return std::ceil(x);
    case 27:
        return std::nearbyint(x);
    case 28:
        return 1 / std::sqrt(x + alpha);
    case 29:
        return 1 / (x + alpha);
    case 43:
        return x * sigmoid(1.702 * x);
    case 44:
        return alpha * std::tanh(beta * x);
    case 45:
        return alpha * x + beta;
    case 46:
        return clamp(alpha * x + beta, 0, 1);
    case 47:
        return clamp(x < 0 ? alpha * x : x, -INFINITY, beta);
    case 48:
        return x < alpha ? 0 : x;
    default:
        return x;
    }
}

struct Conv {
    uint32_t in, out, groups, length, outLength, taps, stride, dilation, padding;
};

/// Sums and sums of magnitudes (what an error bound is made of), [out][outLength]; x has rows of `pitch`.
struct Sums {
    std::vector<double> value, magnitude;
};

inline Sums conv(const Conv &c, const float *x, size_t pitch, const float *w) {
    Sums s{std::vector<double>(size_t(c.out) * c.outLength),
           std::vector<double>(size_t(c.out) * c.outLength)};
    const uint32_t in = c.in / c.groups, out = c.out / c.groups;
    for (uint32_t o = 0; o < c.out; ++o)
        for (uint32_t t = 0; t < c.outLength; ++t)
            for (uint32_t i = 0; i < in; ++i)
                for (uint32_t k = 0; k < c.taps; ++k) {
                    const int64_t at = int64_t(t) * c.stride + int64_t(k) * c.dilation - c.padding;
                    if (at < 0 || at >= c.length) continue;
                    const double term =
                        double(w[(size_t(o) * in + i) * c.taps + k]) * x[(o / out * in + i) * pitch + at];
                    s.value[size_t(o) * c.outLength + t] += term;
                    s.magnitude[size_t(o) * c.outLength + t] += std::fabs(term);
                }
    return s;
}

/// The transposed convolution scatters: every input sample adds a filter to the output.
inline Sums convTranspose(const Conv &c, const float *x, size_t pitch, const float *w) {
    Sums s{std::vector<double>(size_t(c.out) * c.outLength),
           std::vector<double>(size_t(c.out) * c.outLength)};
    const uint32_t in = c.in / c.groups, out = c.out / c.groups;
    for (uint32_t i = 0; i < c.in; ++i)
        for (uint32_t t = 0; t < c.length; ++t)
            for (uint32_t o = 0; o < out; ++o)
                for (uint32_t k = 0; k < c.taps; ++k) {
                    const int64_t at = int64_t(t) * c.stride + int64_t(k) * c.dilation - c.padding;
                    if (at < 0 || at >= c.outLength) continue;
                    const double term = double(w[(size_t(i) * out + o) * c.taps + k]) * x[i * pitch + t];
                    const size_t to = size_t(i / in * out + o) * c.outLength + at;
                    s.value[to] += term;
                    s.magnitude[to] += std::fabs(term);
                }
    return s;
}

} // namespace reference
