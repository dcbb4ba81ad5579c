// vDSP and vForce.
#pragma once
#pragma clang assume_nonnull begin

typedef unsigned long vDSP_Length;
typedef long vDSP_Stride;

void vDSP_vadd(const float *__A, vDSP_Stride __IA, const float *__B, vDSP_Stride __IB, float *__C, vDSP_Stride __IC,
               vDSP_Length __N);
/// C = A - B, B first.
void vDSP_vsub(const float *__B, vDSP_Stride __IB, const float *__A, vDSP_Stride __IA, float *__C, vDSP_Stride __IC,
               vDSP_Length __N);
void vDSP_vmul(const float *__A, vDSP_Stride __IA, const float *__B, vDSP_Stride __IB, float *__C, vDSP_Stride __IC,
               vDSP_Length __N);
/// D = A * B + C
void vDSP_vma(const float *__A, vDSP_Stride __IA, const float *__B, vDSP_Stride __IB, const float *__C,
              vDSP_Stride __IC, float *__D, vDSP_Stride __ID, vDSP_Length __N);
/// D = A * b + C
void vDSP_vsma(const float *__A, vDSP_Stride __IA, const float *__B, const float *__C, vDSP_Stride __IC, float *__D,
               vDSP_Stride __ID, vDSP_Length __N);
/// D = A * b + c
void vDSP_vsmsa(const float *__A, vDSP_Stride __IA, const float *__B, const float *__C, float *__D, vDSP_Stride __ID,
                vDSP_Length __N);
void vDSP_vsmul(const float *__A, vDSP_Stride __IA, const float *__B, float *__C, vDSP_Stride __IC, vDSP_Length __N);
void vDSP_vsadd(const float *__A, vDSP_Stride __IA, const float *__B, float *__C, vDSP_Stride __IC, vDSP_Length __N);
void vDSP_vclr(float *__C, vDSP_Stride __IC, vDSP_Length __N);
void vDSP_vfill(const float *__A, float *__C, vDSP_Stride __IC, vDSP_Length __N);
void vDSP_vclip(const float *__A, vDSP_Stride __IA, const float *__B, const float *__C, float *__D, vDSP_Stride __ID,
                vDSP_Length __N);
void vDSP_dotpr(const float *__A, vDSP_Stride __IA, const float *__B, vDSP_Stride __IB, float *__C, vDSP_Length __N);
/// C[n] = sum over p of A[n + p] F[p]: correlation; A has N + P - 1 elements. A negative __IF with F at its last tap
/// is convolution.
void vDSP_conv(const float *__A, vDSP_Stride __IA, const float *__F, vDSP_Stride __IF, float *__C, vDSP_Stride __IC,
               vDSP_Length __N, vDSP_Length __P);
/// C[n] = sum over p of A[n * DF + p] F[p]
void vDSP_desamp(const float *__A, vDSP_Stride __DF, const float *__F, float *__C, vDSP_Length __N, vDSP_Length __P);
/// C (M x N) = A (M x P) B (P x N)
void vDSP_mmul(const float *__A, vDSP_Stride __IA, const float *__B, vDSP_Stride __IB, float *__C, vDSP_Stride __IC,
               vDSP_Length __M, vDSP_Length __N, vDSP_Length __P);
/// C (M x N) = transpose of A: M counts the rows of the result.
void vDSP_mtrans(const float *__A, vDSP_Stride __IA, float *__C, vDSP_Stride __IC, vDSP_Length __M, vDSP_Length __N);

// vForce: output first, and a pointer to the count.
void vvtanhf(float *, const float *, const int *);
void vvexpf(float *, const float *, const int *);
void vvlogf(float *, const float *, const int *);
void vvrecf(float *, const float *, const int *);
void vvsqrtf(float *, const float *, const int *);
/// First = second / third.
void vvdivf(float *, const float *, const float *, const int *);

#pragma clang assume_nonnull end
