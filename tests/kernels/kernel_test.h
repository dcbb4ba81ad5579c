// What the kernel tests share: a count of failures, random numbers, bit casts, buffers that show what a
// kernel touched.
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
static inline int64_t random_in(int64_t low, int64_t high) {                   // both included
    return low + random_bits() % (high - low + 1);
}

// Set where every instruction is dear: under sanitizers and emulation.
#ifdef OK_TEST_SPARSE
enum { SPARSE = 1 };
#else
enum { SPARSE = 0 };
#endif
// Cases of a random sweep: all of them, or some.
static inline int64_t thinned(int64_t cases) { return SPARSE ? (cases + 11) / 12 : cases; }

// Exactly n floats, so that AddressSanitizer sees the first one too many; aligned as weights are.
static inline float *floats(int64_t n, double scale) {
    float *p = NULL;
    if (posix_memalign((void **)&p, 64, (size_t)n * sizeof *p)) abort();
    for (int64_t i = 0; i < n; ++i) p[i] = (float)(random_unit() * scale);
    return p;
}

// What a kernel writes, and what it should write. Both start as UNTOUCHED, between and beyond the rows too.
enum { GUARD = 40 };
static const float UNTOUCHED = 4321.0625f; // no result comes near it
typedef struct output {
    float *found;
    double *wanted;
    int64_t count;
    double scale; // what errors are measured by: the reference raises it to its largest sum of magnitudes
} output;

static inline output make_output(int64_t count) {
    output o = {malloc((size_t)(count + 2 * GUARD) * sizeof(float)), malloc((size_t)count * sizeof(double)),
                count, 1};
    for (int64_t i = 0; i < count + 2 * GUARD; ++i) o.found[i] = UNTOUCHED;
    for (int64_t i = 0; i < count; ++i) o.wanted[i] = UNTOUCHED;
    o.found += GUARD;
    return o;
}
static inline void free_output(output *o) { free(o->found - GUARD), free(o->wanted); }

static inline double difference(float found, double wanted) {
    if (isnan(wanted) || isinf(wanted) || wanted == UNTOUCHED)
        return found == wanted || (isnan(found) && isnan(wanted)) ? 0 : INFINITY;
    return isnan(found) ? INFINITY : fabs(found - wanted);
}

// The largest error in units of the scale; infinite when something was written that should not have been.
static inline double error_of(const output *o) {
    double most = 0;
    for (int64_t i = 0; i < o->count; ++i)
        most = fmax(most, difference(o->found[i], o->wanted[i]) / o->scale);
    for (int64_t i = 0; i < GUARD; ++i)
        if (o->found[-1 - i] != UNTOUCHED || o->found[o->count + i] != UNTOUCHED) return INFINITY;
    return most;
}
static inline int same_bits(const output *a, const output *b) {
    return memcmp(a->found - GUARD, b->found - GUARD, (size_t)(a->count + 2 * GUARD) * sizeof(float)) == 0;
}

// A length as a kernel gets it: every other one by way of the run's dimension table.
static int64_t dimensions[1024];
static inline ok_len length_of(int64_t value) {
    static int next;
    if (random_bits() % 2) return value;
    next = (next + 1) % 1024;
    dimensions[next] = value;
    return OK_DIM(next);
}
static inline void call(ok_kernel kernel, const void *args, void **slots) {
    ok_context context = {.slots = slots, .dims = dimensions};
    kernel(args, &context);
}

// Activations that the other kernels' tests use; math_test.c has all of them.
static inline double activation_reference(ok_activation f, double x) {
    switch (f.kind) {
    case OK_RELU:
        return x > 0 ? x : 0;
    case OK_LEAKY_RELU:
        return x > 0 ? x : f.alpha * x;
    case OK_SIGMOID:
        return 1 / (1 + exp(-x));
    case OK_TANH:
        return tanh(x);
    default:
        return x;
    }
}
static inline ok_activation random_activation(void) {
    static const int32_t kinds[] = {OK_IDENTITY, OK_IDENTITY, OK_RELU, OK_LEAKY_RELU, OK_SIGMOID, OK_TANH};
    return (ok_activation){kinds[random_bits() % 6], 0.25f, 0};
}

// Runs a test on every instruction set that this machine (or emulator) has, on the same random cases.
static inline int test_each(const char *name, void (*test)(const char *isa, const ok_kernels *kernels)) {
    const uint64_t start = random_state;
    for (int isa = 0; isa < ISA_COUNT; ++isa) {
        const ok_kernels *kernels = ok_kernels_named(isa_names[isa]);
        random_state = start;
        if (kernels) test(isa_names[isa], kernels);
    }
    return finish(name);
}

#endif
