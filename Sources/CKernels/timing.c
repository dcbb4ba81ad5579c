// Must stand before every header: clock_gettime is POSIX, not C.
#define _POSIX_C_SOURCE 199309L
#include "ok_timing.h"
#include <time.h>

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int32_t ok_instance_run_timed(ok_instance *instance, const ok_buffer *input, const ok_buffer *output,
                              const size_t *ends, size_t stage_count, int64_t *nanoseconds) {
    const ok_program *program = instance->program;
    if (program->max_length != 0 || program->history_count != 0) return OK_INVALID_ARGUMENT;
    int32_t status = ok_instance_bind(instance, 0, input, 1, output, 1);
    if (status != OK_SUCCESS) return status;
    uint64_t mode = ok_flush_denormals();
    size_t first = 0;
    int64_t start = now();
    for (size_t i = 0; i < stage_count; ++i) {
        ok_run_steps(program->steps + first, ends[i] - first, &instance->context);
        int64_t end = now();
        nanoseconds[i] = end - start;
        first = ends[i];
        start = end;
    }
    ok_restore_denormals(mode);
    return OK_SUCCESS;
}
