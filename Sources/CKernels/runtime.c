// The executor. Real-time safe throughout.
#include "ok_runtime.h"
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
uint64_t ok_flush_denormals(void) OK_REALTIME {
    uint64_t mode = _mm_getcsr();
    _mm_setcsr((unsigned)mode | 0x8040u); // FTZ | DAZ
    return mode;
}
void ok_restore_denormals(uint64_t mode) OK_REALTIME {
    // Exceptions raised meanwhile stay visible; only the two modes go back.
    _mm_setcsr((_mm_getcsr() & ~0x8040u) | ((unsigned)mode & 0x8040u));
}
#elif defined(__aarch64__)
uint64_t ok_flush_denormals(void) OK_REALTIME {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | (UINT64_C(1) << 24)));
    return mode;
}
void ok_restore_denormals(uint64_t mode) OK_REALTIME { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
uint64_t ok_flush_denormals(void) OK_REALTIME { return 0; }
void ok_restore_denormals(uint64_t mode) OK_REALTIME { (void)mode; }
#endif

static void evaluate(const ok_program *program, ok_context *context, int64_t length) {
    context->dims[0] = length;
    for (size_t i = 1; i < program->dim_count; ++i) {
        const ok_dim *dim = &program->dims[i];
        int64_t value = context->dims[dim->parent];
        if (dim->other >= 0) {
            value *= context->dims[dim->other];
        } else {
            value = value * dim->mul + dim->add;
            int64_t quotient = value / dim->div;
            value = quotient - (value % dim->div < 0); // floor, div > 0
        }
        context->dims[i] = value;
    }
    context->evaluated = length;
}

// Slides a history back to its start when the coming block would not fit behind the present position.
static void make_room(const ok_history *history, ok_context *context, size_t index) {
    char *base = context->histories[index];
    int64_t position = context->positions[index];
    int64_t length = ok_length(history->length, context);
    if (position + length > history->stride) {
        size_t bytes = (size_t)(history->past * history->element);
        for (int64_t row = 0; row < history->rows; ++row) {
            char *start = base + row * history->stride * history->element;
            memmove(start, start + (position - history->past) * history->element, bytes);
        }
        context->positions[index] = position = history->past;
    }
    context->slots[history->slot] = base + position * history->element;
}

void ok_run_steps(const ok_step *steps, size_t count, ok_context *context) OK_REALTIME {
    for (size_t i = 0; i < count; ++i) steps[i].run(steps[i].args, context);
}

int32_t ok_set_length(const ok_program *program, ok_context *context, int64_t length) OK_REALTIME {
    if (program->max_length == 0) return OK_SUCCESS;
    if (length > program->max_length) return OK_BLOCK_TOO_LONG;
    if (length < 0 || length % program->granularity != 0) return OK_SHAPE_MISMATCH;
    if (length != context->evaluated) evaluate(program, context, length);
    return OK_SUCCESS;
}

int32_t ok_run(const ok_program *program, ok_context *context, int64_t length) OK_REALTIME {
    int32_t status = ok_set_length(program, context, length);
    if (status != OK_SUCCESS || (program->max_length > 0 && length == 0)) return status;
    uint64_t mode = ok_flush_denormals();
    for (size_t i = 0; i < program->history_count; ++i) make_room(&program->histories[i], context, i);
    ok_run_steps(program->steps, program->step_count, context);
    for (size_t i = 0; i < program->history_count; ++i)
        context->positions[i] += ok_length(program->histories[i].length, context);
    ok_restore_denormals(mode);
    return OK_SUCCESS;
}
