// What the kernel tests share: a count of failures, random numbers, bit casts.
#ifndef KERNEL_TEST_H
#define KERNEL_TEST_H
#define _GNU_SOURCE
#include "ok_kernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const isa_names[] = {"sse2", "avx2", "avx512", "neon"};
enum { ISA_COUNT = sizeof isa_names / sizeof *isa_names };

static int failures, checks;
#define expect(condition, ...)                                                                               \
    do {                                                                                                     \
        ++checks;                                                                                            \
        if (!(condition) && ++failures <= 20)                                                                \
            printf("FAILED %s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), puts("");                     \
    } while (0)

static inline int finish(const char *name) {
    printf("%s: %d checks, %d failed\n", name, checks, failures);
    return failures != 0 || checks == 0;
}

static inline float as_float(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
static inline uint32_t as_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

// xorshift64*: the same numbers everywhere.
static uint64_t random_state = 88172645463325252u;
static inline uint32_t random_bits(void) {
    random_state ^= random_state >> 12, random_state ^= random_state << 25,
        random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 2685821657736338717u) >> 32);
}
static inline double random_unit(void) { return random_bits() * 0x1p-31 - 1; } // [-1, 1)

#endif
