/// Models: an immutable graph with its weights, loaded from a file or built from layers.
#ifndef OSSICLE_MODEL_H
#define OSSICLE_MODEL_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ossicle_model ossicle_model;

/// What may run the layers of a model or pipeline in its sessions. Streams are always the engine's own
/// kernels.
typedef enum ossicle_compute {
    OSSICLE_COMPUTE_DEFAULT = 0, ///< AUTOMATIC for layers and pipelines, CPU for a model from a file
    OSSICLE_COMPUTE_CPU = 1,     ///< the engine's own kernels: real-time safe, the same on every machine
    /// Whatever the machine has and is expected to be faster: a GPU, the system's libraries, BNNS Graph for a
    /// whole Core ML model. Linear goes to the GPU by its rows alone, from the threshold below on. A run
    /// agrees with CPU within rounding and is not real-time safe. What is refused or fails gives way to the
    /// CPU, with a line on standard error. The same as CPU off Apple's systems.
    OSSICLE_COMPUTE_AUTOMATIC = 2,
    /// As AUTOMATIC, but UNSUPPORTED where there is no GPU, and every layer with GPU kernels runs there,
    /// however small.
    OSSICLE_COMPUTE_GPU = 3
} ossicle_compute;

typedef struct ossicle_load_options {
    uint32_t struct_size;
    int32_t compute;                     ///< ossicle_compute; without meaning where weights alone are read
    ossicle_warning_callback on_warning; ///< may be NULL
    void *warning_context;
} ossicle_load_options;

/// Loads a model file: `.nam`, RTNeural / AIDA-X / GuitarML `.json`, hybrid `.safetensors`. The format is
/// told by the content.
/// @param path     UTF-8 path.
/// @param options  may be NULL.
/// @param model    receives the handle; untouched on failure. Destroy it with `ossicle_model_destroy`.
/// @return IO, MALFORMED, WEIGHTS or UNSUPPORTED with a message that names the file and the tensor or byte;
///         UNSUPPORTED, too, for a GPU that is asked for and is not there; INVALID_ARGUMENT for an option out
///         of its range.
OSSICLE_API int32_t ossicle_model_load(const char *path, const ossicle_load_options *options,
                                       ossicle_model **model);

/// The same from `count` bytes in memory, which are copied as far as needed. `name` (may be NULL) stands for
/// the file in messages.
OSSICLE_API int32_t ossicle_model_load_bytes(const void *bytes, size_t count, const char *name,
                                             const ossicle_load_options *options, ossicle_model **model);

/// Frees the model; sessions and streams on it go on.
OSSICLE_API int32_t ossicle_model_destroy(ossicle_model *model);

typedef struct ossicle_model_info {
    uint32_t struct_size;
    int32_t input_count, output_count; ///< ports, see `ossicle_model_port`
    int32_t streamable;                ///< 1 when `ossicle_stream_create` will accept it
    double sample_rate;                ///< Hz; 0 when the file does not say
    double loudness;                   ///< dB, NaN when the file does not say
    int64_t parameter_count;
    int64_t weight_bytes;
    int64_t receptive_field; ///< past frames one output frame depends on; -1: unbounded or not known
    int32_t
        runs_as_stream; ///< 1: the format defines a start state (.nam's prewarming), so a session is a fresh
                        ///< stream in every run, by the engine's own kernels whatever `compute` says
    int32_t required_input_count; ///< inputs that may not be left out; they come first
} ossicle_model_info;

/// Fills `info`, whose `struct_size` is set.
OSSICLE_API int32_t ossicle_model_info_get(const ossicle_model *model, ossicle_model_info *info);

enum { OSSICLE_MAX_RANK = 8 };

typedef enum ossicle_direction { OSSICLE_INPUT = 0, OSSICLE_OUTPUT = 1 } ossicle_direction;

typedef enum ossicle_dtype {
    OSSICLE_FLOAT32 = 0,
    OSSICLE_FLOAT16 = 1,
    OSSICLE_BFLOAT16 = 2,
    OSSICLE_FLOAT64 = 3,
    OSSICLE_INT8 = 4,
    OSSICLE_INT16 = 5,
    OSSICLE_INT32 = 6,
    OSSICLE_INT64 = 7,
    OSSICLE_UINT8 = 8,
    OSSICLE_UINT16 = 9,
    OSSICLE_UINT32 = 10,
    OSSICLE_UINT64 = 11,
    OSSICLE_BOOL = 12
} ossicle_dtype;

/// One input or output: its shape with 0 for the dynamic dimension.
typedef struct ossicle_port {
    uint32_t struct_size;
    int32_t dtype; ///< ossicle_dtype
    int32_t rank;
    int32_t optional; ///< 1: may be left out of a run, and is all zero then, or the Core ML model's default
    int64_t shape[OSSICLE_MAX_RANK];
} ossicle_port;

/// Fills `port`, whose `struct_size` is set. INVALID_ARGUMENT for an index out of range.
OSSICLE_API int32_t ossicle_model_port(const ossicle_model *model, int32_t direction, int32_t index,
                                       ossicle_port *port);

/// The name of a port; 0 for a wrong handle or index.
OSSICLE_API size_t ossicle_model_port_name(const ossicle_model *model, int32_t direction, int32_t index,
                                           char *buffer, size_t capacity);

typedef enum ossicle_model_text_kind {
    OSSICLE_TEXT_FORMAT = 0,   ///< "nam", "rtneural", "guitarml", "sequential", "hybrid" …
    OSSICLE_TEXT_METADATA = 1, ///< the file's own metadata as a JSON object
    OSSICLE_TEXT_LAYERS = 2,   ///< a table of layers: one line each, shapes and parameters
    OSSICLE_TEXT_PLAN =
        3 ///< passes, steps, kernels, buffers, bytes and FLOPs of the streaming (or static) plan
} ossicle_model_text_kind;

/// One of those texts; 0 for a wrong handle or kind.
OSSICLE_API size_t ossicle_model_text(const ossicle_model *model, int32_t kind, char *buffer,
                                      size_t capacity);

/// From which batch size a Linear layer goes to the GPU where there is one; 4 by default, at least 1.
/// Read when a program is built. Safe from any thread.
OSSICLE_API int32_t ossicle_linear_set_gpu_batch_threshold(int64_t batch);
/// The present threshold. Safe from any thread.
OSSICLE_API int64_t ossicle_linear_gpu_batch_threshold(void);
/// How a Linear layer would run a batch on this machine with OSSICLE_COMPUTE_AUTOMATIC: "gemv", "gemm" or
/// "gpu". Static text. What a session really does is in `ossicle_session_plan`.
OSSICLE_API const char *ossicle_linear_strategy(int64_t batch);

#ifdef __cplusplus
}
#endif
#endif
