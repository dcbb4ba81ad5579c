#include "stub.h"
#include <math.h>

typedef vDSP_Stride S;
typedef vDSP_Length N;
#define EACH(n) for (S i = 0; i < (S)(n); ++i)

// Counts a call, and is wrong where a test wants it so.
static void done(float *y, N n) {
    if (n > 0) *y += stub_error;
    ++stub_calls.vector;
}

void vDSP_vadd(const float *a, S ia, const float *b, S ib, float *c, S ic, N n) { EACH(n) c[i * ic] = a[i * ia] + b[i * ib]; done(c, n); }
void vDSP_vsub(const float *b, S ib, const float *a, S ia, float *c, S ic, N n) { EACH(n) c[i * ic] = a[i * ia] - b[i * ib]; done(c, n); }
void vDSP_vmul(const float *a, S ia, const float *b, S ib, float *c, S ic, N n) { EACH(n) c[i * ic] = a[i * ia] * b[i * ib]; done(c, n); }
void vDSP_vma(const float *a, S ia, const float *b, S ib, const float *c, S ic, float *d, S id, N n) {
    EACH(n) d[i * id] = a[i * ia] * b[i * ib] + c[i * ic];
}
void vDSP_vsma(const float *a, S ia, const float *b, const float *c, S ic, float *d, S id, N n) {
    EACH(n) d[i * id] = a[i * ia] * *b + c[i * ic];
}
void vDSP_vsmsa(const float *a, S ia, const float *b, const float *c, float *d, S id, N n) {
    EACH(n) d[i * id] = a[i * ia] * *b + *c;
}
void vDSP_vsmul(const float *a, S ia, const float *b, float *c, S ic, N n) { EACH(n) c[i * ic] = a[i * ia] * *b; }
void vDSP_vsadd(const float *a, S ia, const float *b, float *c, S ic, N n) { EACH(n) c[i * ic] = a[i * ia] + *b; }
void vDSP_vclr(float *c, S ic, N n) { EACH(n) c[i * ic] = 0; }
void vDSP_vfill(const float *a, float *c, S ic, N n) { EACH(n) c[i * ic] = *a; }
void vDSP_vclip(const float *a, S ia, const float *low, const float *high, float *d, S id, N n) {
    EACH(n) d[i * id] = a[i * ia] < *low ? *low : a[i * ia] > *high ? *high : a[i * ia];
}
void vDSP_dotpr(const float *a, S ia, const float *b, S ib, float *c, N n) {
    double sum = 0;
    EACH(n) sum += (double)a[i * ia] * b[i * ib];
    *c = (float)sum;
}
void vDSP_conv(const float *a, S ia, const float *f, S jf, float *c, S ic, N n, N p) {
    EACH(n) {
        double sum = 0;
        for (S k = 0; k < (S)p; ++k) sum += (double)a[(i + k) * ia] * f[k * jf];
        c[i * ic] = (float)sum;
    }
}
void vDSP_desamp(const float *a, S df, const float *f, float *c, N n, N p) {
    EACH(n) {
        double sum = 0;
        for (S k = 0; k < (S)p; ++k) sum += (double)a[i * df + k] * f[k];
        c[i] = (float)sum;
    }
}
void vDSP_mmul(const float *a, S ia, const float *b, S ib, float *c, S ic, N m, N n, N p) {
    EACH(m) for (S j = 0; j < (S)n; ++j) {
        double sum = 0;
        for (S k = 0; k < (S)p; ++k) sum += (double)a[(i * (S)p + k) * ia] * b[(k * (S)n + j) * ib];
        c[(i * (S)n + j) * ic] = (float)sum;
    }
}
void vDSP_mtrans(const float *a, S ia, float *c, S ic, N m, N n) {
    EACH(m) for (S j = 0; j < (S)n; ++j) c[(i * (S)n + j) * ic] = a[(j * (S)m + i) * ia];
}

void vvtanhf(float *y, const float *x, const int *n) { EACH(*n) y[i] = tanhf(x[i]); done(y, (N)*n); }
void vvexpf(float *y, const float *x, const int *n) { EACH(*n) y[i] = expf(x[i]); done(y, (N)*n); }
void vvlogf(float *y, const float *x, const int *n) { EACH(*n) y[i] = logf(x[i]); done(y, (N)*n); }
void vvrecf(float *y, const float *x, const int *n) { EACH(*n) y[i] = 1 / x[i]; done(y, (N)*n); }
void vvsqrtf(float *y, const float *x, const int *n) { EACH(*n) y[i] = sqrtf(x[i]); }
void vvdivf(float *y, const float *a, const float *b, const int *n) { EACH(*n) y[i] = a[i] / b[i]; }
