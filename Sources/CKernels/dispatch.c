// Picks the kernel table for this machine once.
#include "ok_kernels.h"
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
extern const ok_kernels ok_table_sse2, ok_table_avx2, ok_table_avx512;
#elif defined(__aarch64__)
extern const ok_kernels ok_table_neon;
#endif

const ok_kernels *ok_kernels_named(const char *isa) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (strcmp(isa, "sse2") == 0) return &ok_table_sse2;
    if (strcmp(isa, "avx2") == 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &ok_table_avx2;
    if (strcmp(isa, "avx512") == 0 && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        return &ok_table_avx512;
#elif defined(__aarch64__)
    if (strcmp(isa, "neon") == 0) return &ok_table_neon;
#endif
    return NULL;
}

const char *ok_best_isa(void) {
    static const char *const names[] = {"avx512", "avx2", "sse2", "neon"};
    const char *forced = getenv("OSSICLE_ISA");
    if (forced && ok_kernels_named(forced)) return forced;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (ok_kernels_named(names[i])) return names[i];
    return "none";
}
