/// Hybrid pipelines: Conv1d encoder, LSTM bottleneck, ConvTranspose1d decoder, and their streams.
#ifndef OSSICLE_HYBRID_H
#define OSSICLE_HYBRID_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A pipeline with its weights. It does not change; `ossicle_hybrid_process` and `ossicle_hybrid_time` work
/// on a buffer of its own and belong to one thread at a time, everything else may be called from several.
/// `compute` in the load options says what runs that buffer, streams with a window, and the sessions of
/// `ossicle_hybrid_model`: functions marked [real-time] are so with OSSICLE_COMPUTE_CPU, and
/// wherever neither a GPU nor a system library takes part.
typedef struct ossicle_hybrid ossicle_hybrid;

/// One weight, under its state_dict name. Float types only. The data is copied.
typedef struct ossicle_hybrid_weight {
    const char *name;
    int32_t dtype; ///< ossicle_dtype
    int32_t rank;
    int64_t shape[OSSICLE_MAX_RANK];
    const void *data; ///< dense, row-major
} ossicle_hybrid_weight;

/// The weights a configuration needs, as a JSON array of {"name": …, "shape": […]}; also a check of the
/// configuration.
/// @param configuration  a JSON object with any of (defaults in brackets): "in_channels" [1], "out_channels"
/// [in_channels],
///                       "channels" [[32, 64, 128]] after each encoder stage, "kernel_size" [8] and "stride"
///                       [4] of every stage, "hidden_size" [128], "num_layers" [1] and "bidirectional"
///                       [false] of the bottleneck, "activation" ["ReLU"] after every convolution but the
///                       last, "skip_connections" [false], "projection" [true] from the bottleneck's features
///                       to the last of "channels", "input_length" [4096] frames to prepare for,
///                       "sample_rate" in Hz.
/// @param bottleneck     a model from [steps, channels] to [steps, features] in place of the LSTM, a Core ML
///                       model included (`ossicle_model_load`, or `ossicle_inference_model` for a function or
///                       shapes of your choice); NULL for the LSTM. It is not needed after the call.
/// @param length         receives the length of the whole text; may be NULL.
/// @return INVALID_ARGUMENT naming the argument, SHAPE_MISMATCH when bottleneck and decoder do not fit.
OSSICLE_API int32_t ossicle_hybrid_parameters(const char *configuration, const ossicle_model *bottleneck,
                                              char *buffer, size_t capacity, size_t *length);

/// A pipeline from weights in memory.
/// @param options  may be NULL: no warnings, OSSICLE_COMPUTE_DEFAULT.
/// @return as `ossicle_hybrid_parameters`; WEIGHTS naming the tensor that is missing, left over, of another
///         shape or not finite; UNSUPPORTED for a GPU that is asked for and is not there, with the reason.
OSSICLE_API int32_t ossicle_hybrid_create(const char *configuration, const ossicle_hybrid_weight *weights,
                                          size_t weight_count, const ossicle_model *bottleneck,
                                          const ossicle_load_options *options, ossicle_hybrid **hybrid);

/// A pipeline from a safetensors file.
/// @param configuration  NULL: the file's own, as `ossicle_hybrid_save` writes it ("format":
///                       "ossicle.hybrid" and "config" in its metadata). `ossicle_model_load` takes such
///                       files, too.
/// @return as `ossicle_hybrid_create`; IO or MALFORMED naming the file.
OSSICLE_API int32_t ossicle_hybrid_load(const char *path, const char *configuration,
                                        const ossicle_model *bottleneck, const ossicle_load_options *options,
                                        ossicle_hybrid **hybrid);

/// Writes weights and configuration into one safetensors file. UNSUPPORTED when the bottleneck is a model of
/// its own.
OSSICLE_API int32_t ossicle_hybrid_save(const ossicle_hybrid *hybrid, const char *path);

/// Frees the pipeline; its streams go on.
OSSICLE_API int32_t ossicle_hybrid_destroy(ossicle_hybrid *hybrid);

/// The network as a model: for sessions with batches and other lengths, and for what can be asked of models.
OSSICLE_API int32_t ossicle_hybrid_model(const ossicle_hybrid *hybrid, ossicle_model **model);

typedef struct ossicle_hybrid_info {
    uint32_t struct_size;
    int32_t input_channels, output_channels;
    int32_t stage_count;
    int64_t total_stride; ///< frames for one step of the bottleneck
    int64_t input_length; ///< frames of the prepared buffer
    int64_t parameter_count;
    int64_t weight_bytes;    ///< the weights as they were given
    int64_t packed_bytes;    ///< weights laid out for this machine, and tables
    int64_t workspace_bytes; ///< values between layers and working space
    int32_t uses_gpu;        ///< 1: a GPU runs some of it, and has not failed
    int32_t uses_bnns;       ///< 1: Apple's BNNS Graph runs a Core ML bottleneck, and has not failed
} ossicle_hybrid_info;

/// Fills `info`, whose `struct_size` is set.
OSSICLE_API int32_t ossicle_hybrid_info_get(const ossicle_hybrid *hybrid, ossicle_hybrid_info *info);

typedef enum ossicle_hybrid_text_kind {
    OSSICLE_HYBRID_SUMMARY = 0,       ///< a page: stages, shapes, parameters, memory, where it runs
    OSSICLE_HYBRID_CONFIGURATION = 1, ///< the JSON object with every argument
    OSSICLE_HYBRID_PLAN = 2,          ///< steps, kernels, buffers, bytes and FLOPs of one buffer
    /// Why the GPU or BNNS Graph is no longer used and our own kernels do its work; empty while it is, or was
    /// not planned.
    OSSICLE_HYBRID_DEVICE_FAILURE = 3
} ossicle_hybrid_text_kind;

/// One of those texts; 0 for a wrong handle or kind.
OSSICLE_API size_t ossicle_hybrid_text(const ossicle_hybrid *hybrid, int32_t kind, char *buffer,
                                       size_t capacity);

/// One buffer from a fresh state: `[input_channels, input_length]` to `[output_channels, input_length]`;
/// counts are elements. The two may not overlap. SHAPE_MISMATCH for other sizes. [real-time]
OSSICLE_API int32_t ossicle_hybrid_process(ossicle_hybrid *hybrid, const float *input, size_t input_count,
                                           float *output, size_t output_count);

/// What the stages of one run took, in nanoseconds. The projection counts as bottleneck.
typedef struct ossicle_hybrid_times {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t encoder, bottleneck, decoder;
} ossicle_hybrid_times;

/// The same run with the clock read between the stages. Allocates nothing, but is for measuring.
OSSICLE_API int32_t ossicle_hybrid_time(ossicle_hybrid *hybrid, const float *input, size_t input_count,
                                        float *output, size_t output_count, ossicle_hybrid_times *times);

/// A pipeline over audio in blocks of any size, in chunks of its own. A whole chunk is computed in the call
/// that completes it.
typedef struct ossicle_hybrid_stream ossicle_hybrid_stream;

typedef enum ossicle_window {
    /// Convolution history and recurrent state are carried from chunk to chunk: the output is that of one
    /// whole buffer.
    OSSICLE_WINDOW_NONE = 0,
    /// Every chunk is a buffer of its own, from zero state; neighbours overlap and are cross-faded by sin²,
    /// whose halves
    /// sum to one. Over half a chunk that is the periodic Hann window.
    OSSICLE_WINDOW_HANN = 1
} ossicle_window;

typedef struct ossicle_hybrid_stream_options {
    uint32_t struct_size;
    int32_t window; ///< ossicle_window
    int64_t
        chunk; ///< frames, a multiple of the total stride; 0: the total stride, or input_length with a window
    int64_t
        overlap; ///< frames, a multiple of the total stride up to half a chunk; 0: half a chunk with a window
} ossicle_hybrid_stream_options;

/// @param options  may be NULL: no window, the shortest chunk.
/// @return INVALID_ARGUMENT naming the option; UNSUPPORTED when the network cannot run on without a window.
OSSICLE_API int32_t ossicle_hybrid_stream_create(const ossicle_hybrid *hybrid,
                                                 const ossicle_hybrid_stream_options *options,
                                                 ossicle_hybrid_stream **stream);
/// Frees the stream.
OSSICLE_API int32_t ossicle_hybrid_stream_destroy(ossicle_hybrid_stream *stream);

typedef struct ossicle_hybrid_stream_info {
    uint32_t struct_size;
    int32_t input_channels, output_channels;
    int32_t window;
    int64_t chunk, overlap;
    int64_t latency;    ///< output frame t + latency belongs to input frame t, exactly
    double sample_rate; ///< Hz; 0 when the configuration does not say
    int64_t memory_bytes;
} ossicle_hybrid_stream_info;

/// [real-time]
OSSICLE_API int32_t ossicle_hybrid_stream_info_get(const ossicle_hybrid_stream *stream,
                                                   ossicle_hybrid_stream_info *info);

/// The next `frames` frames, as many as there are, `[channels, frames]` on both sides. Any split of a signal
/// into blocks gives the same output. `output` may equal `input` when both have as many channels. To get the
/// end of a signal, process `latency` frames of silence behind it. [real-time]
OSSICLE_API int32_t ossicle_hybrid_stream_process(ossicle_hybrid_stream *stream, const float *input,
                                                  float *output, size_t frames);

/// Back to the state right after create, bit for bit. [real-time]
OSSICLE_API int32_t ossicle_hybrid_stream_reset(ossicle_hybrid_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
