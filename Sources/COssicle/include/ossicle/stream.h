/// Streams: audio that arrives in blocks. A stream owns all state; many streams share one model's weights.
#ifndef OSSICLE_STREAM_H
#define OSSICLE_STREAM_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ossicle_stream ossicle_stream;

typedef struct ossicle_stream_options {
    uint32_t struct_size;
    int32_t skip_prewarm; ///< 1: start from zeros even where the format defines a prewarm (.nam)
    int64_t max_block;    ///< frames one `ossicle_stream_process` may bring, 1 … 2^20
} ossicle_stream_options;

/// Makes a stream ready: memory planned and touched, weights packed, prewarmed as the model's format defines
/// it.
/// @return UNSUPPORTED naming the layer when the model cannot stream (bidirectional, global pooling …).
OSSICLE_API int32_t ossicle_stream_create(const ossicle_model *model, const ossicle_stream_options *options,
                                          ossicle_stream **stream);
/// Frees the stream with its state.
OSSICLE_API int32_t ossicle_stream_destroy(ossicle_stream *stream);

typedef struct ossicle_stream_info {
    uint32_t struct_size;
    int32_t input_channels, output_channels;
    int32_t channels_last; ///< 0: buffers are [channels, frames]; 1: [frames, channels]
    int64_t max_block;
    int64_t granularity; ///< frames must be a multiple of this (1 for all but strided models)
    /// Output frames per input frame, as a fraction: 1/1 for all but strided models.
    int64_t rate_numerator, rate_denominator;
    /// Output lags the whole-signal result by this many output frames, exactly.
    int64_t latency;
    double sample_rate; ///< Hz; 0 when the model does not say
    int64_t state_bytes;
    int64_t workspace_bytes;
} ossicle_stream_info;

/// [real-time]
OSSICLE_API int32_t ossicle_stream_info_get(const ossicle_stream *stream, ossicle_stream_info *info);

/// Processes the next `frames` frames. Any split of a signal into blocks gives the same output.
/// @param input   `input_channels * frames` floats, laid out as `channels_last` says.
/// @param output  `output_channels * frames * rate_numerator / rate_denominator` floats; may equal `input`
/// only
///                when both sides have the same size.
/// @return BLOCK_TOO_LONG, SHAPE_MISMATCH (granularity) or INVALID_ARGUMENT (NULL, or buffers that overlap in
/// part) without touching state or output. 0 frames are fine. [real-time]
OSSICLE_API int32_t ossicle_stream_process(ossicle_stream *stream, const float *input, float *output,
                                           size_t frames);

/// Back to the state right after create, bit for bit. [real-time]
OSSICLE_API int32_t ossicle_stream_reset(ossicle_stream *stream);

/// The plan of this stream: steps, kernels, buffers, bytes and FLOPs.
OSSICLE_API size_t ossicle_stream_plan(const ossicle_stream *stream, char *buffer, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
