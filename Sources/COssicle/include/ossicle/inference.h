/// Core ML models on any machine: load one, run it in real time, let go of its memory.
#ifndef OSSICLE_INFERENCE_H
#define OSSICLE_INFERENCE_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A Core ML ML Program that is ready to run: weights expanded, shapes fixed, memory planned and allocated.
///
/// Floats of every width are float32 in buffers and inside, integers int32, booleans one byte. States are
/// zero after loading and go on from prediction to prediction. Predictions of one object go one at a time;
/// one that a second thread begins meanwhile is refused with INVALID_ARGUMENT.
typedef struct ossicle_inference ossicle_inference;

/// What runs a model.
typedef enum ossicle_engine {
    /// Apple's BNNS Graph where the system has it and takes the model, also one with operations unknown
    /// to Ossicle's engine; else Ossicle's, with a line on standard error where BNNS refused.
    OSSICLE_ENGINE_AUTOMATIC = 0,
    OSSICLE_ENGINE_OSSICLE = 1, ///< Ossicle's own, on any machine
    OSSICLE_ENGINE_BNNS = 2     ///< BNNS Graph or an error
} ossicle_engine;

typedef struct ossicle_inference_options {
    uint32_t struct_size;
    int32_t allow_threads; ///< 0: predictions stay on the calling thread. Ossicle's own engine always does
    const char *function;  ///< which one, in a program of several; NULL: the model's default
    /// Shapes for flexible inputs: `shape_count` names and as many shapes. Other inputs get their default.
    const char *const *shape_names;
    const ossicle_shape *shapes;
    size_t shape_count;
    int32_t engine; ///< ossicle_engine
    int32_t reserved;
} ossicle_inference_options;

/// Loads a `.mlmodelc`, `.mlpackage` or `.mlmodel` that holds an ML Program.
/// @param options    may be NULL.
/// @param inference  receives the handle; untouched on failure. Destroy it with `ossicle_inference_destroy`.
/// @return IO or MALFORMED naming the file; UNSUPPORTED naming every operation that cannot be run, or for
///         OSSICLE_ENGINE_BNNS where there is no BNNS Graph or it refuses the model; SHAPE_MISMATCH with the
///         range of an input that is given a shape outside it; INVALID_ARGUMENT with the functions or inputs
///         there are, or for an engine that does not exist.
OSSICLE_API int32_t ossicle_inference_create(const char *path, const ossicle_inference_options *options,
                                             ossicle_inference **inference);
/// Frees the model with its states; observers forget it.
OSSICLE_API int32_t ossicle_inference_destroy(ossicle_inference *inference);

/// The function that runs, at its shapes, as a model: for sessions, or as the bottleneck of a pipeline. Reads
/// the file again. What runs it there is for `ossicle_compute` to say; with OSSICLE_ENGINE_OSSICLE it stays
/// with Ossicle's engine.
/// @param model  receives a handle of its own, to be destroyed with `ossicle_model_destroy`.
/// @return UNSUPPORTED for inputs or outputs that are not float, or what Ossicle's own engine does not run;
/// IO.
OSSICLE_API int32_t ossicle_inference_model(const ossicle_inference *inference, ossicle_model **model);

typedef struct ossicle_inference_info {
    uint32_t struct_size;
    int32_t input_count, output_count, state_count;
    int32_t function_count;
    int32_t single_threaded;
    int32_t has_workspace; ///< 0 after `ossicle_inference_release_workspace`
    int32_t reserved;
    int64_t workspace_bytes; ///< memory of intermediate values
} ossicle_inference_info;

/// Fills `info`, whose `struct_size` is set.
OSSICLE_API int32_t ossicle_inference_info_get(const ossicle_inference *inference,
                                               ossicle_inference_info *info);

typedef enum ossicle_port_kind {
    OSSICLE_PORT_INPUT = 0,
    OSSICLE_PORT_OUTPUT = 1,
    OSSICLE_PORT_STATE = 2
} ossicle_port_kind;

/// One input, output or state: the shape it has and the type of its buffers. The order is the model's own.
OSSICLE_API int32_t ossicle_inference_port(const ossicle_inference *inference, int32_t kind, int32_t index,
                                           ossicle_port *port);
/// Its name; 0 for a wrong handle, kind or index.
OSSICLE_API size_t ossicle_inference_port_name(const ossicle_inference *inference, int32_t kind,
                                               int32_t index, char *buffer, size_t capacity);
/// The name of a function of the model; 0 for a wrong handle or index.
OSSICLE_API size_t ossicle_inference_function_name(const ossicle_inference *inference, int32_t index,
                                                   char *buffer, size_t capacity);

typedef enum ossicle_inference_text_kind {
    OSSICLE_INFERENCE_ENGINE = 0,   ///< what runs it: "ossicle", or "bnns" for Apple's BNNS Graph
    OSSICLE_INFERENCE_FUNCTION = 1, ///< the function that runs
    OSSICLE_INFERENCE_PLAN = 2      ///< steps, kernels, buffers, bytes and FLOPs
} ossicle_inference_text_kind;

/// One of those texts; 0 for a wrong handle or kind.
OSSICLE_API size_t ossicle_inference_text(const ossicle_inference *inference, int32_t kind, char *buffer,
                                          size_t capacity);

/// The operations of ML Programs that the engine "ossicle" runs, by their MIL names, one a line.
OSSICLE_API size_t ossicle_inference_operations(char *buffer, size_t capacity);

// --- predicting

/// One prediction. Inputs whose port is `optional` may be left out from the end, or by `data == NULL`, and
/// have the model's default value then; every other one must be there. Outputs may be left out in the same
/// ways. Buffers are dense and row-major; outputs overlap nothing.
/// @return SHAPE_MISMATCH for a buffer of another size, NOT_READY without a workspace, INVALID_ARGUMENT.
/// [real-time]
OSSICLE_API int32_t ossicle_inference_predict(ossicle_inference *inference, const ossicle_buffer *inputs,
                                              size_t input_count, const ossicle_buffer *outputs,
                                              size_t output_count);

/// One float32 input to the first output; counts are elements. [real-time]
OSSICLE_API int32_t ossicle_inference_predict_f32(ossicle_inference *inference, const float *input,
                                                  size_t input_count, float *output, size_t output_count);

/// `batch` predictions one after another, their inputs and outputs side by side; states go on from one to the
/// next. Counts are elements in all. Stops at the first that is refused. [real-time], for as long as it takes
OSSICLE_API int32_t ossicle_inference_predict_batch_f32(ossicle_inference *inference, size_t batch,
                                                        const float *input, size_t input_count, float *output,
                                                        size_t output_count);

/// States back to zero; not while a prediction is going on. Engine "bnns" makes a new context for it.
/// [real-time] in engine "ossicle"
OSSICLE_API int32_t ossicle_inference_reset_state(ossicle_inference *inference);

/// Copies a state out or in: `byte_count` must be that of its port. Not while a prediction is going on.
OSSICLE_API int32_t ossicle_inference_read_state(const ossicle_inference *inference, int32_t index,
                                                 void *data, size_t byte_count);
/// The same inwards.
OSSICLE_API int32_t ossicle_inference_write_state(ossicle_inference *inference, int32_t index,
                                                  const void *data, size_t byte_count);

// --- memory

/// Gives the memory of intermediate values back; weights and states stay, and predictions are refused with
/// NOT_READY. May be called from any thread.
/// @return NOT_READY, with nothing done, while a prediction is going on.
OSSICLE_API int32_t ossicle_inference_release_workspace(ossicle_inference *inference);
/// Allocates it again; no prediction ever does.
OSSICLE_API int32_t ossicle_inference_prepare_workspace(ossicle_inference *inference);

typedef enum ossicle_memory_level {
    OSSICLE_MEMORY_NORMAL = 0,
    OSSICLE_MEMORY_WARNING = 1,
    OSSICLE_MEMORY_CRITICAL = 2
} ossicle_memory_level;

/// Watches how short the machine is of memory. May be used from several threads at once.
typedef struct ossicle_memory_observer ossicle_memory_observer;

/// Called when the level has changed, on the observer's thread or on that of
/// `ossicle_memory_observer_set_level`; never on an audio thread. It must not destroy the observer.
typedef void (*ossicle_memory_callback)(void *context, int32_t level);

/// @param callback  may be NULL.
/// @param context   the caller's own; it must live until the observer is destroyed.
OSSICLE_API int32_t ossicle_memory_observer_create(ossicle_memory_callback callback, void *context,
                                                   ossicle_memory_observer **observer);
/// Stops following the system first; no callback comes afterwards.
OSSICLE_API int32_t ossicle_memory_observer_destroy(ossicle_memory_observer *observer);

/// Asked at critical, after `ossicle_memory_callback`, once for each model in the observer's care that has a
/// workspace: whether that may be released now. Comes on the same thread; it must not destroy the observer.
/// @param inference  the handle that was watched.
/// @return 0: no, the model stays as it is until the level is critical again; anything else: yes.
typedef int32_t (*ossicle_memory_permission)(void *context, ossicle_inference *inference);

/// Sets who is asked. Without anyone, which is so at first, every model in the observer's care may be
/// released.
/// @param permission  NULL: nobody.
/// @param context     the caller's own; it must live until the observer is destroyed.
OSSICLE_API int32_t ossicle_memory_observer_ask(ossicle_memory_observer *observer,
                                                ossicle_memory_permission permission, void *context);

/// Puts a model under the observer's care: at critical its workspace is released, between two predictions,
/// unless `ossicle_memory_observer_ask` says otherwise. `ossicle_inference_prepare_workspace` makes it ready
/// again. The model is not kept alive.
OSSICLE_API int32_t ossicle_memory_observer_watch(ossicle_memory_observer *observer,
                                                  ossicle_inference *inference);
/// Takes a model out of the observer's care.
OSSICLE_API int32_t ossicle_memory_observer_unwatch(ossicle_memory_observer *observer,
                                                    ossicle_inference *inference);

/// Begins to follow the system: pressure stall information or the control group's events on Linux.
/// @return UNSUPPORTED when the system offers nothing that this process may read.
OSSICLE_API int32_t ossicle_memory_observer_start(ossicle_memory_observer *observer);
/// Returns when the observer's thread has ended.
OSSICLE_API int32_t ossicle_memory_observer_stop(ossicle_memory_observer *observer);

/// An ossicle_memory_level; -1 for a wrong handle.
OSSICLE_API int32_t ossicle_memory_observer_level(const ossicle_memory_observer *observer);
/// Sets the level by hand, with all that follows from it, on the calling thread.
OSSICLE_API int32_t ossicle_memory_observer_set_level(ossicle_memory_observer *observer, int32_t level);

#ifdef __cplusplus
}
#endif
#endif
