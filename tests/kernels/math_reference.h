// Every activation in double precision, by its formula: f(x, alpha, beta).
#ifndef MATH_REFERENCE_H
#define MATH_REFERENCE_H
#include <math.h>

static double r_relu(double x, double a, double b) {
    (void)a, (void)b;
    return x < 0 ? 0 : x;
}
static double r_leaky(double x, double a, double b) {
    (void)b;
    return x > 0 ? x : a * x;
}
static double r_elu(double x, double a, double b) {
    (void)b;
    return x > 0 ? x : a * expm1(x);
}
static double r_selu(double x, double a, double b) {
    (void)a, (void)b;
    return 1.0507009873554804934193349852946 * (x > 0 ? x : 1.6732632423543772848170429916717 * expm1(x));
}
static double r_gelu(double x, double a, double b) {
    (void)a, (void)b;
    return x * 0.5 * erfc(-x * M_SQRT1_2);
}
static double r_sigmoid(double x, double a, double b) {
    (void)a, (void)b;
    return 1 / (1 + exp(-x));
}
static double r_gelu_tanh(double x, double a, double b) {
    return x * r_sigmoid(2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x), a, b);
}
// The first branches only spare the sweep most of its time; they are exact to double precision.
static double r_tanh(double x, double a, double b) {
    (void)a, (void)b;
    double t = fabs(x);
    return t < 1e-5 ? x - x * x * x / 3 : t > 20 ? copysign(1, x) : tanh(x);
}
static double r_silu(double x, double a, double b) { return x * r_sigmoid(x, a, b); }
static double r_softplus(double x, double a, double b) { return x * a > b ? x : log1p(exp(x * a)) / a; }
static double r_softsign(double x, double a, double b) {
    (void)a, (void)b;
    return x / (1 + fabs(x));
}
static double r_mish(double x, double a, double b) {
    (void)a, (void)b;
    return x * tanh(x > 700 ? x : log1p(exp(x)));
}
static double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }
static double r_hardtanh(double x, double a, double b) { return clamp(x, a, b); }
static double r_hardsigmoid(double x, double a, double b) {
    (void)a, (void)b;
    return clamp(x + 3, 0, 6) / 6;
}
static double r_hardswish(double x, double a, double b) {
    (void)a, (void)b;
    return x * clamp(x + 3, 0, 6) / 6;
}
static double r_exp(double x, double a, double b) {
    (void)a, (void)b;
    return x > 710 ? INFINITY : x < -710 ? 0 : exp(x);
}
static double r_log(double x, double a, double b) {
    (void)a, (void)b;
    return log((float)(x + a));
}
static double r_sqrt(double x, double a, double b) {
    (void)a, (void)b;
    return sqrt(x);
}
static double r_abs(double x, double a, double b) {
    (void)a, (void)b;
    return fabs(x);
}
static double r_negate(double x, double a, double b) {
    (void)a, (void)b;
    return -x;
}
static double r_square(double x, double a, double b) {
    (void)a, (void)b;
    return x * x;
}
static double r_floor(double x, double a, double b) {
    (void)a, (void)b;
    return floor(x);
}
static double r_ceil(double x, double a, double b) {
    (void)a, (void)b;
    return ceil(x);
}
static double r_round(double x, double a, double b) {
    (void)a, (void)b;
    return nearbyint(x);
}
static double r_sign(double x, double a, double b) {
    (void)a, (void)b;
    return x > 0 ? 1 : x < 0 ? -1 : x;
}
static double r_rsqrt(double x, double a, double b) {
    (void)a, (void)b;
    return 1 / sqrt((float)(x + a));
}
static double r_reciprocal(double x, double a, double b) {
    (void)a, (void)b;
    return 1 / (float)(x + a);
}
static double r_erf(double x, double a, double b) {
    (void)a, (void)b;
    return erf(x);
}
static double r_exp2(double x, double a, double b) {
    (void)a, (void)b;
    return exp2(x);
}
static double r_sin(double x, double a, double b) {
    (void)a, (void)b;
    return sin(x);
}
static double r_cos(double x, double a, double b) {
    (void)a, (void)b;
    return cos(x);
}
static double r_tan(double x, double a, double b) {
    (void)a, (void)b;
    return tan(x);
}
static double r_asin(double x, double a, double b) {
    (void)a, (void)b;
    return asin(x);
}
static double r_acos(double x, double a, double b) {
    (void)a, (void)b;
    return acos(x);
}
static double r_atan(double x, double a, double b) {
    (void)a, (void)b;
    return atan(x);
}
static double r_sinh(double x, double a, double b) {
    (void)a, (void)b;
    return sinh(x);
}
static double r_cosh(double x, double a, double b) {
    (void)a, (void)b;
    return cosh(x);
}
static double r_asinh(double x, double a, double b) {
    (void)a, (void)b;
    return asinh(x);
}
static double r_acosh(double x, double a, double b) {
    (void)a, (void)b;
    return acosh(x);
}
static double r_atanh(double x, double a, double b) {
    (void)a, (void)b;
    return atanh(x);
}
static double r_gelu_sigmoid(double x, double a, double b) {
    (void)a, (void)b;
    return x * r_sigmoid(1.702 * x, a, b);
}
static double r_scaled_tanh(double x, double a, double b) {
    (void)a, (void)b;
    return a * r_tanh(b * x, a, b);
}
static double r_linear(double x, double a, double b) {
    (void)a, (void)b;
    return a * x + b;
}
static double r_clamped_linear(double x, double a, double b) {
    (void)a, (void)b;
    return clamp(a * x + b, 0, 1);
}
static double r_clamped_relu(double x, double a, double b) {
    (void)a, (void)b;
    return (x > 0 ? x : a * x) > b ? b : (x > 0 ? x : a * x);
}
static double r_thresholded_relu(double x, double a, double b) {
    (void)a, (void)b;
    return x < a ? 0 : x;
}
static double r_nam_fast_tanh(double x, double a, double b) { // the formula of .nam files
    (void)a, (void)b;
    double t = fabs(x), s = x * x;
    return x * (2.45550750702956 + 2.45550750702956 * t + (0.893229853513558 + 0.821226666969744 * t) * s) /
           (2.44506634652299 + (2.44506634652299 + s) * fabs(x + 0.814642734961073 * x * t));
}
static double r_identity(double x, double a, double b) {
    (void)a, (void)b;
    return x;
}

#endif
