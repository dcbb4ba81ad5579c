// What every kernel shares: parameter structs, activations, the end of a convolution.
//
// Only fma, rint, floor, ceil, sqrt, fabs and as_type come from the standard library, all exactly rounded in
// safe math mode with the precise functions; exp, log and erf are ours. So the numbers do not depend on a
// GPU's own exp, and a run on another machine is evidence for this one. (MSL has no erf, expm1 or log1p.)
// Worst errors are in docs/apple.md.
#ifndef OSSICLE_METAL_H
#define OSSICLE_METAL_H

#include <metal_stdlib>
using namespace metal;

// ---- Parameters. MetalParameters.swift declares the same fields in the same order; a test compares the two.

/// One convolution or transposed convolution over rows [channels, length].
struct ConvParams {
    uint inChannels;
    uint outChannels;
    uint inLength;
    uint outLength;
    uint inPitch; // floats from one row to the next
    uint outPitch;
    uint residualPitch;
    uint kernelSize;
    uint stride;
    uint dilation;
    uint padding; // zeros before the first sample; after the last one, whatever outLength asks for
    uint groups;
    uint tapStep;    // transposed only: stride / gcd(stride, dilation)
    uint flags;      // ConvFlags
    uint activation; // Activation
    float alpha;
    float beta;
};

/// Element-wise work over rows [channels, length].
struct ElementwiseParams {
    uint channels;
    uint length;
    uint aPitch;
    uint bPitch;
    uint outPitch;
    uint activation;
    float alpha;
    float beta;
};

enum ConvFlags : uint {
    ConvHasBias = 1,
    ConvResidualBefore = 2, // act(conv + bias + residual)
    ConvResidualAfter = 4   // act(conv + bias) + residual
};

/// The numbers and formulas of ok_unary_kind (ok_elementwise.h). Those left out (erf, exp2, trigonometry)
/// have no form here; Activation.hasMetalForm keeps them away.
enum Activation : uint {
    ActivationIdentity,
    ActivationRelu,
    ActivationLeakyRelu,
    ActivationElu,
    ActivationSelu,
    ActivationGelu,
    ActivationGeluTanh,
    ActivationSigmoid,
    ActivationTanh,
    ActivationSilu,
    ActivationSoftplus,
    ActivationSoftsign,
    ActivationMish,
    ActivationHardtanh,
    ActivationHardsigmoid,
    ActivationHardswish,
    ActivationExp,
    ActivationLog,
    ActivationSqrt,
    ActivationAbs,
    ActivationNegate,
    ActivationFastTanh, // computed as tanh: a GPU gains nothing from the approximation
    ActivationNamFastTanh,
    ActivationSquare,
    ActivationSign,
    ActivationFloor,
    ActivationCeil,
    ActivationRound,
    ActivationRsqrt,
    ActivationReciprocal,
    ActivationGeluSigmoid = 43,
    ActivationScaledTanh,
    ActivationLinear,
    ActivationClampedLinear,
    ActivationClampedRelu,
    ActivationThresholdedRelu,
    ActivationEnd
};

// ---- Elementary functions. Polynomials: weighted minimax fits, rounded to float.

/// exp(x) = (1 + fraction) * scale * scale2, with |ln(1 + fraction)| <= ln(2) / 2. Two scales reach 2^128 and
/// the subnormals without overflow on the way.
struct ExpParts {
    float fraction, scale, scale2;
};

static inline ExpParts exp_parts(float x) {
    const float bounded = x > 89.0f ? 89.0f : (x < -104.0f ? -104.0f : x); // NaN passes
    const float turns = rint(bounded * 1.44269504f);
    // ln(2) in two parts, so that r is exact to float precision.
    const float r = fma(turns, -1.42860677e-6f, fma(turns, -0.693145752f, bounded));
    float q = fma(r, 1.98458933e-4f, 1.39406696e-3f);
    q = fma(r, q, 8.33338965e-3f);
    q = fma(r, q, 4.16663587e-2f);
    q = fma(r, q, 1.66666657e-1f);
    q = fma(r, q, 0.5f);
    const int n = turns == turns ? int(turns) : 0;
    const float scale = as_type<float>(uint((n >> 1) + 127) << 23);
    const float scale2 = as_type<float>(uint(n - (n >> 1) + 127) << 23);
    return ExpParts{fma(r * r, q, r), scale, scale2};
}

static inline float exp_of(float x) {
    const ExpParts e = exp_parts(x);
    return fma(e.fraction, e.scale, e.scale) * e.scale2;
}

/// exp(x) - 1 without cancellation, for x <= 0.
static inline float expm1_of(float x) {
    const ExpParts e = exp_parts(x);
    const float power = e.scale * e.scale2;
    return fma(e.fraction, power, power - 1.0f);
}

/// 2 atanh(s) for |s| <= 1/3.
static inline float twice_atanh(float s) {
    const float u = s * s;
    float p = fma(u, 1.21523187e-1f, 1.07133761e-1f);
    p = fma(u, p, 1.43084794e-1f);
    p = fma(u, p, 1.99994370e-1f);
    p = fma(u, p, 3.33333373e-1f);
    return 2.0f * fma(s, u * p, s);
}

static inline float log_of(float x) {
    if (!(x > 0.0f)) return x == 0.0f ? -INFINITY : NAN;
    if (x == INFINITY) return x;
    const bool tiny = x < 1.17549435e-38f;
    const uint bits = as_type<uint>(tiny ? x * 16777216.0f : x);
    // The mantissa in [2/3, 4/3), so that log(x) near 1 has no cancellation.
    const int exponent = int(bits - 0x3f2aaaabu) >> 23;
    const float m = as_type<float>(bits - (uint(exponent) << 23));
    const float n = float(exponent) - (tiny ? 24.0f : 0.0f);
    const float l = twice_atanh((m - 1.0f) / (m + 1.0f));
    return fma(n, 0.693145752f, fma(n, 1.42860677e-6f, l));
}

/// log(1 + e) for 0 <= e <= 1.
static inline float log1p_of(float e) { return twice_atanh(e / (2.0f + e)); }

static inline float sigmoid_of(float x) {
    const float e = exp_of(-fabs(x));
    const float s = 1.0f / (1.0f + e);
    return x < 0.0f ? e * s : s;
}

static inline float tanh_of(float x) {
    const float t = expm1_of(-2.0f * fabs(x));
    const float y = -t / (t + 2.0f);
    return x < 0.0f ? -y : y;
}

/// x Phi(x), Phi the normal distribution. Phi(-z) = exp(-z^2 / 2) erfcx(z / sqrt 2) / 2 keeps its relative
/// accuracy in the tail, where 1 + erf cancels; erfcx(v) = t P(t), t = 1 / (1 + 0.4 v).
static inline float gelu_of(float x) {
    const float z = fabs(x);
    if (z > 14.5f) return x > 0.0f ? x : -0.0f; // Phi(-14.5) is below every float
    const float t = 1.0f / fma(z, 0.282842712f, 1.0f);
    float p = fma(t, -2.95947945e-2f, 1.98015580e-1f);
    p = fma(t, p, -4.98816763e-1f);
    p = fma(t, p, 5.47442074e-1f);
    p = fma(t, p, -2.84371868e-1f);
    p = fma(t, p, 2.72068835e-1f);
    p = fma(t, p, 1.29678736e-1f);
    p = fma(t, p, 2.14919255e-1f);
    p = fma(t, p, 2.24952003e-1f);
    p = fma(t, p, 2.25706910e-1f);
    const float square = z * z;
    const float rest = fma(z, z, -square);
    const float e = exp_of(-0.5f * square);
    const float tail = 0.5f * t * p * fma(e, -0.5f * rest, e);
    return x < 0.0f ? x * tail : fma(-x, tail, x);
}

static inline float softplus_of(float x, float scale, float threshold) {
    const float y = x * scale;
    if (y > threshold) return x;
    return ((y > 0.0f ? y : 0.0f) + log1p_of(exp_of(-fabs(y)))) / scale;
}

/// x tanh(softplus(x)), written in e = exp(-|x|) so that nothing overflows.
static inline float mish_of(float x) {
    const float e = exp_of(-fabs(x));
    if (x < 0.0f) {
        const float n = e * (e + 2.0f);
        return x * n / (n + 2.0f);
    }
    const float n = fma(2.0f, e, 1.0f);
    return x * n / fma(2.0f * e, e, n);
}

// Comparisons are written so that NaN passes.
static inline float limit(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }

/// ok_nam_fast_tanh (kernels/math.h). From 1e9 on the quotient is a constant to float precision, and its
/// parts would overflow.
static inline float nam_fast_tanh_of(float x) {
    const float a = limit(fabs(x), 0.0f, 1e9f), square = a * a;
    const float n = a * (2.45550750702956f + 2.45550750702956f * a +
                         (0.893229853513558f + 0.821226666969744f * a) * square);
    const float d = 2.44506634652299f + (2.44506634652299f + square) * (a + 0.814642734961073f * square);
    return x < 0.0f ? -(n / d) : n / d;
}

static inline float activate(float x, uint kind, float alpha, float beta) {
    switch (kind) {
    case ActivationRelu:
        return x < 0.0f ? 0.0f : x;
    case ActivationLeakyRelu:
        return x < 0.0f ? alpha * x : x;
    case ActivationElu:
        return x < 0.0f ? alpha * expm1_of(x) : x;
    case ActivationSelu:
        return 1.05070099f * (x < 0.0f ? 1.67326324f * expm1_of(x) : x);
    case ActivationGelu:
        return gelu_of(x);
    case ActivationGeluTanh:
        return x * sigmoid_of(1.59576912f * fma(0.044715f * x * x, x, x));
    case ActivationSigmoid:
        return sigmoid_of(x);
    case ActivationTanh:
    case ActivationFastTanh:
        return tanh_of(x);
    case ActivationSilu:
        return x * sigmoid_of(x);
    case ActivationNamFastTanh:
        return nam_fast_tanh_of(x);
    case ActivationSoftplus:
        return softplus_of(x, alpha, beta);
    case ActivationSoftsign:
        return x / (1.0f + fabs(x));
    case ActivationMish:
        return mish_of(x);
    case ActivationHardtanh:
        return limit(x, alpha, beta);
    case ActivationHardsigmoid:
        return limit(x + 3.0f, 0.0f, 6.0f) / 6.0f;
    case ActivationHardswish:
        return x * (limit(x + 3.0f, 0.0f, 6.0f) / 6.0f);
    case ActivationExp:
        return exp_of(x);
    case ActivationLog:
        return log_of(x);
    case ActivationSqrt:
        return sqrt(x);
    case ActivationAbs:
        return fabs(x);
    case ActivationNegate:
        return -x;
    case ActivationSquare:
        return x * x;
    case ActivationSign:
        return x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : x); // zero and NaN stay
    case ActivationFloor:
        return floor(x);
    case ActivationCeil:
        return ceil(x);
    case ActivationRound:
        return rint(x);
    case ActivationRsqrt:
        return 1.0f / sqrt(x + alpha);
    case ActivationReciprocal:
        return 1.0f / (x + alpha);
    case ActivationGeluSigmoid:
        return x * sigmoid_of(1.702f * x);
    case ActivationScaledTanh:
        return alpha * tanh_of(beta * x);
    case ActivationLinear:
        return fma(x, alpha, beta);
    case ActivationClampedLinear:
        return limit(fma(x, alpha, beta), 0.0f, 1.0f);
    case ActivationClampedRelu: {
        const float y = x < 0.0f ? alpha * x : x;
        return y > beta ? beta : y;
    }
    case ActivationThresholdedRelu:
        return x < alpha ? 0.0f : x;
    default:
        return x;
    }
}

// ---- Convolution.

/// Sample i of a row, zero outside it.
static inline float load_padded(device const float *row, int i, uint length) {
    return (i >= 0 && i < int(length)) ? row[i] : 0.0f;
}

static inline float bias_of(device const float *bias, uint channel, constant ConvParams &p) {
    return (p.flags & ConvHasBias) ? bias[channel] : 0.0f;
}

/// Residual and activation of one finished sum.
static inline float finish(float sum, uint channel, uint position, device const float *residual,
                           constant ConvParams &p) {
    const uint at = channel * p.residualPitch + position;
    if (p.flags & ConvResidualBefore) sum += residual[at];
    float y = activate(sum, p.activation, p.alpha, p.beta);
    if (p.flags & ConvResidualAfter) y += residual[at];
    return y;
}

/// Kernels that make CHANNEL_BLOCK output channels at once: block `index` of the grid, inside one group.
constant uint CHANNEL_BLOCK = 4;

struct ChannelBlock {
    uint group;
    uint first; // output channel
    uint count; // 1...CHANNEL_BLOCK
};

static inline ChannelBlock channel_block(uint index, constant ConvParams &p) {
    const uint perGroup = p.outChannels / p.groups;
    const uint blocks = (perGroup + CHANNEL_BLOCK - 1) / CHANNEL_BLOCK;
    const uint within = (index % blocks) * CHANNEL_BLOCK;
    const uint group = index / blocks;
    return ChannelBlock{group, group * perGroup + within, min(uint(CHANNEL_BLOCK), perGroup - within)};
}

#endif
