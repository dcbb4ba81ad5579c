// Every kernel, compiled for NEON.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "ok_kernels.h"
#include "ok_runtime.h"

#define OK_ISA_NEON 1
#define OK_TABLE ok_table_neon
#include "kernels/all.h"
#else
typedef int ok_no_neon; // an empty translation unit is not C
#endif
