// The machine a compiled program runs on: a flat array of steps over raw pointers.
//
// Everything here is real-time safe: no allocation, no lock, no system call. Swift builds these structures
// once (see Program); C only walks them.
#ifndef OK_RUNTIME_H
#define OK_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Marks what runs on the audio thread. Built with OK_CHECK_REALTIME, clang checks that it calls nothing that
// may block (-Wfunction-effects) and RealtimeSanitizer watches it run; see tests/kernels/run.sh.
#if defined(OK_CHECK_REALTIME)
#define OK_REALTIME [[clang::nonblocking]]
#else
#define OK_REALTIME
#endif

// Same numbers as ossicle_status.
enum {
    OK_SUCCESS = 0,
    OK_INVALID_ARGUMENT = 1,
    OK_SHAPE_MISMATCH = 2,
    OK_NOT_READY = 9,
    OK_BLOCK_TOO_LONG = 10,
    OK_INTERNAL = 11
};

/// A length, stride or offset known when the program is built, or `OK_DIM(i)` for entry `i` of the run's
/// dimension table. Offsets into a history's past and strides of reversed axes are negative, so the sign
/// cannot tell them apart.
typedef int64_t ok_len;
#define OK_DIM(index) (INT64_MIN + (int64_t)(index))

/// One entry of the dimension table: floor((parent * mul + add) / div), or parent * other when other >= 0.
/// Entry 0 is the run's dynamic length; `parent` and `other` are smaller than the entry's own index.
typedef struct ok_dim {
    int32_t parent;
    int32_t other;
    int64_t mul, add, div;
} ok_dim;

/// A value that keeps its last `past` columns from run to run: `rows` rows of `stride` elements each.
/// The current block starts at column `position`; producers write there, readers look back from there.
typedef struct ok_history {
    int32_t slot;
    int32_t element; // bytes of one element
    int64_t rows, stride, past;
    ok_len length; // columns this run adds
} ok_history;

/// A value that starts at a fixed place in the arena or the state, so its pointer never changes.
typedef struct ok_context {
    /// Base address of every value, by slot. User buffers are put in place by the caller of ok_run.
    void **slots;
    /// The run's dimensions; entry 0 is the dynamic length.
    int64_t *dims;
    /// Write position of every history, by history index.
    int64_t *positions;
    /// First byte of each history's storage.
    void **histories;
    /// The dynamic length the tables were last evaluated for.
    int64_t evaluated;
    /// What a backend beside the CPU keeps for this instance, or NULL.
    void *device;
} ok_context;

typedef void (*ok_kernel)(const void *args, ok_context *context) OK_REALTIME;

typedef struct ok_step {
    ok_kernel run;
    const void *args;
} ok_step;

/// The immutable half of a compiled program, shared by every stream.
typedef struct ok_program {
    const ok_step *steps;
    size_t step_count;
    const ok_dim *dims;
    size_t dim_count;
    const ok_history *histories;
    size_t history_count;
    int64_t max_length;  // of the dynamic dimension; 0: there is none
    int64_t granularity; // the dynamic length must be a multiple of it
} ok_program;

static inline int64_t ok_length(ok_len length, const ok_context *context) {
    return length >= INT64_MIN / 2 ? length : context->dims[length - INT64_MIN];
}

/// Checks a dynamic length and evaluates the dimension table for it; nothing to do in a static program.
int32_t ok_set_length(const ok_program *program, ok_context *context, int64_t length) OK_REALTIME;

/// Runs every step once for a dynamic length of `length` (ignored by static programs).
/// Sets flush-to-zero for the call and restores the caller's mode.
int32_t ok_run(const ok_program *program, ok_context *context, int64_t length) OK_REALTIME;

/// Walks `count` steps: for kernels that own regions (loops, conditionals).
void ok_run_steps(const ok_step *steps, size_t count, ok_context *context) OK_REALTIME;

/// Flush-to-zero for the calling thread, and back.
uint64_t ok_flush_denormals(void) OK_REALTIME;
void ok_restore_denormals(uint64_t mode) OK_REALTIME;

#ifdef __cplusplus
}
#endif
#endif
