// One running instance of a program: its tables, its state, and the entry points an audio thread calls.
#ifndef OK_STREAM_H
#define OK_STREAM_H

#include "ok_runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ok_instance {
    const ok_program *program;
    ok_context context;
    const int32_t *input_slots, *output_slots;
    int32_t input_count, output_count;
    unsigned char *state;       // histories, recurrent state, positions
    const unsigned char *image; // the state after a reset
    size_t state_bytes;
    // Sessions: bytes of each port for the present length, a zero block for absent optional inputs, sinks for
    // outputs nobody asked for.
    const ok_len *input_bytes, *output_bytes;
    int32_t keeps_state; // named states go on from run to run until a reset
    const unsigned char *optional;
    void *zeros;
    void **sinks;
    int32_t use; // ok_instance_use, changed atomically
} ok_instance;

/// Whether an instance may be run. Another thread may take its workspace away between two runs.
enum ok_instance_use { OK_IDLE, OK_RUNNING, OK_RELEASED };

/// Back to the state right after creation. Real-time safe.
void ok_instance_reset(ok_instance *instance) OK_REALTIME;

/// One block of a stream with one input and one output. Real-time safe.
int32_t ok_instance_process(ok_instance *instance, const float *input, float *output,
                            int64_t frames) OK_REALTIME;

typedef struct ok_buffer {
    void *data;
    size_t byte_count;
} ok_buffer;

/// What comes before a run on whole tensors: checks sizes against the ports, puts the buffers in place,
/// clears the state unless the instance keeps it.
int32_t ok_instance_bind(ok_instance *instance, int64_t length, const ok_buffer *inputs, size_t input_count,
                         const ok_buffer *outputs, size_t output_count) OK_REALTIME;

/// Whole tensors, from a fresh state unless the instance keeps it, for a dynamic length of `length` (ignored
/// by static programs). Sizes are checked against the ports. Real-time safe.
int32_t ok_instance_run(ok_instance *instance, int64_t length, const ok_buffer *inputs, size_t input_count,
                        const ok_buffer *outputs, size_t output_count) OK_REALTIME;

/// The shortest form of the above: first input and first output only, which may not overlap. Real-time safe.
int32_t ok_instance_run_f32(ok_instance *instance, const float *input, size_t input_count, float *output,
                            size_t output_count) OK_REALTIME;

/// Whole tensors as `ok_instance_run`, but states go on from run to run. OK_NOT_READY while the workspace is
/// released, OK_INVALID_ARGUMENT where an output overlaps an input or another output, or while another thread
/// runs. Real-time safe.
int32_t ok_instance_predict(void *instance, const ok_buffer *inputs, size_t input_count,
                            const ok_buffer *outputs, size_t output_count) OK_REALTIME;

/// Keeps runs out, so that the workspace can be taken away. False while a run is going on. Not for the audio
/// thread.
int32_t ok_instance_release(ok_instance *instance);

/// Lets runs in again.
void ok_instance_restore(ok_instance *instance);

/// A model ready to run in any engine: the engine's own call with what it works on.
typedef struct ok_inference {
    void *context;
    int32_t (*run)(void *context, const ok_buffer *inputs, size_t input_count, const ok_buffer *outputs,
                   size_t output_count) OK_REALTIME;
} ok_inference;

/// A model whose inputs may be left out, `data == NULL` or from the end, and what stands in for them.
typedef struct ok_defaults {
    ok_inference model;
    size_t count;            ///< of the model's inputs, at most OK_MAX_DEFAULTS
    const ok_buffer *inputs; ///< `data == NULL` where one has to be given
} ok_defaults;

enum { OK_MAX_DEFAULTS = 64 };

/// The `run` of such a model. Real-time safe where the model's own is.
int32_t ok_defaults_run(void *defaults, const ok_buffer *inputs, size_t input_count, const ok_buffer *outputs,
                        size_t output_count) OK_REALTIME;

/// One prediction. Real-time safe in engines that say so.
int32_t ok_inference_run(const ok_inference *inference, const ok_buffer *inputs, size_t input_count,
                         const ok_buffer *outputs, size_t output_count) OK_REALTIME;

#ifdef __cplusplus
}
#endif
#endif
