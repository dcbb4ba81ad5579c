// The table behind the opaque handles. Internal: not installed, not exported.
#ifndef OSSICLE_HANDLES_H
#define OSSICLE_HANDLES_H

#include "ok_overlap.h"
#include "ok_stream.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ok_handle_kind {
    OK_HANDLE_MODEL = 1,
    OK_HANDLE_SESSION,
    OK_HANDLE_STREAM,
    OK_HANDLE_SEQUENTIAL,
    OK_HANDLE_TENSORS,
    OK_HANDLE_COREML,
    OK_HANDLE_HYBRID,
    OK_HANDLE_HYBRID_STREAM,
    OK_HANDLE_INFERENCE,
    OK_HANDLE_MEMORY_OBSERVER
} ok_handle_kind;

/// What a real-time call needs to know of a stream beside its instance.
typedef struct ok_stream_facts {
    int32_t input_channels, output_channels, channels_last;
    int64_t max_block, granularity, rate_numerator, rate_denominator, latency;
    double sample_rate;
    int64_t state_bytes, workspace_bytes;
    int32_t window; // of a hybrid stream
} ok_stream_facts;

/// Registers an object; `instance` and `facts` (both may be NULL) are what real-time calls use: an
/// `ok_instance`, the `ok_overlap` of a hybrid stream, or the `ok_inference` of an inference.
/// @return the handle, or NULL when the table is full or memory is short.
void *ok_handle_create(ok_handle_kind kind, void *object, void *instance, const ok_stream_facts *facts);
/// What resets the states of an inference that our own engine does not run, given its object; set before the
/// first is made.
void ok_inference_reset_with(void (*reset)(void *object));
/// The object, or NULL when the handle is not a live one of this kind. [real-time]
void *ok_handle_object(const void *handle, ok_handle_kind kind);
/// The live handle of an object, or NULL. It looks through all handles.
void *ok_handle_of(const void *object, ok_handle_kind kind);
/// Frees the handle and answers its object, or NULL.
void *ok_handle_destroy(void *handle, ok_handle_kind kind);
/// Keeps the message of a failed call on the handle, or on this thread when the handle is not live.
void ok_handle_set_error(const void *handle, const char *message);

#ifdef __cplusplus
}
#endif
#endif
