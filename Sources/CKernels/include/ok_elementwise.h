// Element-wise kernels: one function of one or two values, broadcast over up to OK_MAX_RANK axes.
#ifndef OK_ELEMENTWISE_H
#define OK_ELEMENTWISE_H

#include "ok_runtime.h"

enum { OK_MAX_RANK = 8 };

/// A value as a kernel sees it: where it is, and how far apart (in elements) its neighbours on each axis are.
/// A broadcast axis has stride 0.
typedef struct ok_operand {
    int32_t slot;
    ok_len stride[OK_MAX_RANK];
} ok_operand;

/// Formulas are PyTorch's; alpha and beta are the parameters a kind names.
typedef enum ok_unary_kind {
    OK_IDENTITY,
    OK_RELU,
    OK_LEAKY_RELU, // alpha: negative slope
    OK_ELU,        // alpha
    OK_SELU,
    OK_GELU,      // exact, by erf
    OK_GELU_TANH, // PyTorch approximate="tanh"
    OK_SIGMOID,
    OK_TANH,
    OK_SILU,
    OK_SOFTPLUS, // alpha: beta, beta: threshold
    OK_SOFTSIGN,
    OK_MISH,
    OK_HARDTANH, // alpha: min, beta: max
    OK_HARDSIGMOID,
    OK_HARDSWISH,
    OK_EXP,
    OK_LOG, // of x + alpha
    OK_SQRT,
    OK_ABS,
    OK_NEGATE,
    OK_FAST_TANH,     // by name only: a rational approximation, its error stated in docs/numerics.md
    OK_NAM_FAST_TANH, // the rational tanh that .nam files call "Fasttanh"
    OK_SQUARE,
    OK_SIGN, // -1, 0 or 1; NaN stays
    OK_FLOOR,
    OK_CEIL,
    OK_ROUND,      // halves to even
    OK_RSQRT,      // 1 / sqrt(x + alpha)
    OK_RECIPROCAL, // 1 / (x + alpha)
    OK_ERF,
    OK_EXP2,
    OK_SIN,
    OK_COS,
    OK_TAN,
    OK_ASIN,
    OK_ACOS,
    OK_ATAN,
    OK_SINH,
    OK_COSH,
    OK_ASINH,
    OK_ACOSH,
    OK_ATANH,
    OK_GELU_SIGMOID,     // x sigmoid(1.702 x)
    OK_SCALED_TANH,      // alpha tanh(beta x)
    OK_LINEAR_FUNCTION,  // alpha x + beta
    OK_CLAMPED_LINEAR,   // alpha x + beta, within 0 and 1
    OK_CLAMPED_RELU,     // alpha: negative slope, beta: maximum
    OK_THRESHOLDED_RELU, // x from alpha on, else 0
    OK_UNARY_COUNT
} ok_unary_kind;

typedef struct ok_activation {
    int32_t kind; // ok_unary_kind
    float alpha, beta;
} ok_activation;

/// destination = f(source), float32, innermost stride 1 on both sides.
typedef struct ok_unary_args {
    ok_activation function;
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand source, destination;
} ok_unary_args;

typedef enum ok_binary_kind {
    OK_ADD,
    OK_SUBTRACT,
    OK_MULTIPLY,
    OK_DIVIDE,
    OK_MAXIMUM,
    OK_MINIMUM,
    OK_POWER,
    OK_PRELU, // a where positive, else a · b
    OK_FLOOR_DIVIDE,
    OK_MODULO, // with the divisor's sign, as in Python
    OK_BINARY_COUNT
} ok_binary_kind;

/// destination = a op b, float32; innermost destination stride 1, innermost source strides 0 or 1.
typedef struct ok_binary_args {
    int32_t kind; // ok_binary_kind
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand a, b, destination;
} ok_binary_args;

#endif
