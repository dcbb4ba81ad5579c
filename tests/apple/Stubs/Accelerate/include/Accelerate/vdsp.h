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
/// D = A * b + c
void vDSP_vsmsa(const float *__A, vDSP_Stride __IA, const float *__B, const float *__C, float *__D, vDSP_Stride __ID,
                vDSP_Length __N);

// vForce: output first, and a pointer to the count.
void vvtanhf(float *, const float *, const int *);
void vvexpf(float *, const float *, const int *);
void vvlogf(float *, const float *, const int *);
void vvrecf(float *, const float *, const int *);

#pragma clang assume_nonnull end
