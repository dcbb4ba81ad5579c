// BLAS with the interface of macOS 13.3 (ACCELERATE_NEW_LAPACK).
#pragma once
#pragma clang assume_nonnull begin

typedef int __LAPACK_int;
// Plain enums: Swift shows them as structs with global constants, as Apple's.
typedef enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 } CBLAS_ORDER;
typedef enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112, CblasConjTrans = 113 } CBLAS_TRANSPOSE;

void cblas_sgemm(CBLAS_ORDER ORDER, CBLAS_TRANSPOSE TRANSA, CBLAS_TRANSPOSE TRANSB, __LAPACK_int M,
                 __LAPACK_int N, __LAPACK_int K, float ALPHA, const float *_Nullable A, __LAPACK_int LDA,
                 const float *_Nullable B, __LAPACK_int LDB, float BETA, float *_Nullable C,
                 __LAPACK_int LDC);
void cblas_sgemv(CBLAS_ORDER ORDER, CBLAS_TRANSPOSE TRANSA, __LAPACK_int M, __LAPACK_int N, float ALPHA,
                 const float *_Nullable A, __LAPACK_int LDA, const float *_Nullable X, __LAPACK_int INCX,
                 float BETA, float *_Nullable Y, __LAPACK_int INCY);

#pragma clang assume_nonnull end
