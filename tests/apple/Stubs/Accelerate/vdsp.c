#include "stub.h"
#include <math.h>
#include <stdlib.h>

typedef vDSP_Stride S;
typedef vDSP_Length N;
#define EACH(n) for (S i = 0; i < (S)(n); ++i)

// Counts a call, and is wrong where a test wants it so.
static void done(float *y, N n) {
    if (n > 0) *y += stub_error;
    ++stub_calls.vector;
}

void vDSP_vadd(const float *a, S ia, const float *b, S ib, float *c, S ic, N n) {
    EACH(n) c[i * ic] = a[i * ia] + b[i * ib];
    done(c, n);
}
void vDSP_vsub(const float *b, S ib, const float *a, S ia, float *c, S ic, N n) {
    EACH(n) c[i * ic] = a[i * ia] - b[i * ib];
    done(c, n);
}
void vDSP_vmul(const float *a, S ia, const float *b, S ib, float *c, S ic, N n) {
    EACH(n) c[i * ic] = a[i * ia] * b[i * ib];
    done(c, n);
}
void vDSP_vsmsa(const float *a, S ia, const float *b, const float *c, float *d, S id, N n) {
    EACH(n) d[i * id] = a[i * ia] * *b + *c;
    done(d, n);
}

// Apple does not say that a vForce function may work in place, so here it may not.
static void check_apart(const float *y, const float *x, const int *n) {
    if (y < x + *n && x < y + *n) abort();
}
#define VFORCE(name, f) \
    void name(float *y, const float *x, const int *n) { \
        check_apart(y, x, n); \
        EACH(*n) y[i] = f; \
        done(y, (N)*n); \
    }
VFORCE(vvtanhf, tanhf(x[i]))
VFORCE(vvexpf, expf(x[i]))
VFORCE(vvlogf, logf(x[i]))
VFORCE(vvrecf, 1 / x[i])
