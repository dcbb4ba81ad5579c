#include "stub.h"

static float at(CBLAS_ORDER order, CBLAS_TRANSPOSE turn, const float *a, int ld, int row, int column) {
    const int swap = (order == CblasColMajor) != (turn != CblasNoTrans);
    return swap ? a[(long)column * ld + row] : a[(long)row * ld + column];
}

// As in a real library, the order of the additions depends on the extents: so many interleaved partial sums.
enum { MOST_PARTS = 4 };
static int parts_of(int rows) { return 1 + rows % MOST_PARTS; }
static float join(const float *part, int parts) {
    float sum = part[0];
    for (int i = 1; i < parts; ++i) sum += part[i];
    return sum;
}
// beta 0 does not read y, which may hold NaN.
static void finish(float *y, float sum, float alpha, float beta) {
    *y = alpha * sum + (beta == 0 ? 0 : beta * *y);
}

void cblas_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    const int parts = parts_of(m);
    for (int i = 0; i < m; ++i)
        for (int j = 0; j < n; ++j) {
            float part[MOST_PARTS] = {0};
            for (int p = 0; p < k; ++p)
                part[p % parts] += at(order, ta, a, lda, i, p) * at(order, tb, b, ldb, p, j);
            float *y = order == CblasRowMajor ? &c[(long)i * ldc + j] : &c[(long)j * ldc + i];
            finish(y, join(part, parts), alpha, beta);
        }
    if (m > 0 && n > 0) *c += stub_error;
    ++stub_calls.sgemm;
}

// BLAS counts a negative increment from the far end.
static long start(int n, int increment) { return increment < 0 ? (long)(1 - n) * increment : 0; }

void cblas_sgemv(CBLAS_ORDER order, CBLAS_TRANSPOSE ta, int m, int n, float alpha, const float *a, int lda,
                 const float *x, int incx, float beta, float *y, int incy) {
    const int rows = ta == CblasNoTrans ? m : n, columns = ta == CblasNoTrans ? n : m;
    for (int i = 0; i < rows; ++i) {
        float part[MOST_PARTS] = {0};
        for (int j = 0; j < columns; ++j)
            part[j % MOST_PARTS] += at(order, ta, a, lda, i, j) * x[start(columns, incx) + (long)j * incx];
        finish(&y[start(rows, incy) + (long)i * incy], join(part, MOST_PARTS), alpha, beta);
    }
    if (rows > 0) y[start(rows, incy)] += stub_error;
    ++stub_calls.sgemv;
}
