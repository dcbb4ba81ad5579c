// Every kernel, compiled for SSE2.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "ok_kernels.h"
#include "ok_runtime.h"

#define OK_ISA_SSE2 1
#define OK_TABLE ok_table_sse2
#pragma clang attribute push(__attribute__((target("sse2"))), apply_to = function)
#include "kernels/all.h"
#pragma clang attribute pop
#else
typedef int ok_no_sse2; // an empty translation unit is not C
#endif
