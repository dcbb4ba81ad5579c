/// Ossicle: real-time neural audio inference. The flat C interface, C11 and C++17.
///
/// The way through it: load a model (`ossicle_model_load`) or build one layer by layer
/// (`ossicle_sequential_create`), then either open a stream on it for audio that arrives in blocks
/// (`ossicle_stream_create`, `ossicle_stream_process`) or a session for whole tensors
/// (`ossicle_session_create`, `ossicle_session_run`). Core ML models are run with `ossicle_inference_create`
/// and `ossicle_inference_predict`; `ossicle_coreml_open` looks into their files. An encoder and a decoder of
/// convolutions around an LSTM is one `ossicle_hybrid_create`.
///
/// Conventions that hold for every function
/// - Result: an `ossicle_status`; `OSSICLE_OK` is 0. Functions that answer a text return its length.
/// - Errors: the message of the last failed call on a handle is read with `ossicle_last_error(handle, …)`;
///   of a call that had no handle yet (create, load) with `ossicle_last_error(NULL, …)` on the same thread.
/// - Handles: opaque and checked. NULL, a destroyed handle, or one of another kind gives
///   `OSSICLE_INVALID_HANDLE`; it is never dereferenced. A handle is not reused after destroy.
/// - Ownership: what you create you destroy. Audio and tensor buffers stay the caller's; nothing keeps a
///   pointer to them after a call returns. A stream or session keeps its model alive, so the order of
///   destroy is free.
/// - Threads: a model, Core ML file or list of tensors may be used from several threads at once. A stream,
///   session, inference or sequential belongs to one thread at a time; different ones are independent.
///   Destroying a handle while another thread is inside a call on it is an error of the caller.
/// - Real-time: functions marked [real-time] do not allocate, lock, or call the system, and take bounded
///   time. No other function may be called on an audio thread.
/// - Structs that begin with `struct_size` must have it set to `sizeof` by the caller before the call, so
///   that later versions can append fields.
/// - Text is UTF-8. A text function copies at most `capacity - 1` bytes and a final NUL into `buffer` and
///   returns the whole length without the NUL; call it with (NULL, 0) to learn the size.
#ifndef OSSICLE_H
#define OSSICLE_H

#include "ossicle/status.h"
#include "ossicle/model.h"
#include "ossicle/session.h"
#include "ossicle/stream.h"
#include "ossicle/sequential.h"
#include "ossicle/tensors.h"
#include "ossicle/coreml.h"
#include "ossicle/inference.h"
#include "ossicle/hybrid.h"

#endif
