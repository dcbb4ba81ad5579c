// A run with the time of its stages. Allocates nothing, but reads the clock: for measuring, not for an audio
// thread.
#ifndef OK_TIMING_H
#define OK_TIMING_H

#include "ok_stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One run of a program of fixed shapes with one input and one output. Stage i ends before step `ends[i]`;
/// the last ends with the last step. `nanoseconds` receives what each stage took.
int32_t ok_instance_run_timed(ok_instance *instance, const ok_buffer *input, const ok_buffer *output,
                              const size_t *ends, size_t stage_count, int64_t *nanoseconds);

#ifdef __cplusplus
}
#endif
#endif
