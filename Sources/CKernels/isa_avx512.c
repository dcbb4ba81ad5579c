// Every kernel, compiled for AVX512.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "ok_kernels.h"
#include "ok_runtime.h"

#define OK_ISA_AVX512 1
#define OK_TABLE ok_table_avx512
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,f16c"))),    \
                             apply_to = function)
#include "kernels/all.h"
#pragma clang attribute pop
#else
typedef int ok_no_avx512; // an empty translation unit is not C
#endif
