// The functions an audio thread may call. No allocation, no lock, no Swift.
#include "handles.h"
#include <string.h>

#define OSSICLE_VERSION "0.1.0"

int32_t ossicle_abi_version(void) { return OSSICLE_ABI_VERSION; }
const char *ossicle_version(void) { return OSSICLE_VERSION; }

const char *ossicle_status_text(int32_t status) {
    switch (status) {
    case OSSICLE_OK:
        return "ok";
    case OSSICLE_INVALID_ARGUMENT:
        return "invalid argument";
    case OSSICLE_SHAPE_MISMATCH:
        return "shape mismatch";
    case OSSICLE_INVALID_HANDLE:
        return "invalid handle";
    case OSSICLE_IO:
        return "file cannot be read or written";
    case OSSICLE_MALFORMED:
        return "malformed file";
    case OSSICLE_UNSUPPORTED:
        return "unsupported";
    case OSSICLE_WEIGHTS:
        return "bad weights";
    case OSSICLE_OUT_OF_MEMORY:
        return "out of memory";
    case OSSICLE_NOT_READY:
        return "not ready";
    case OSSICLE_BLOCK_TOO_LONG:
        return "block longer than prepared";
    case OSSICLE_INTERNAL:
        return "internal error";
    default:
        return "unknown status";
    }
}

int32_t ossicle_stream_process(ossicle_stream *stream, const float *input, float *output, size_t frames) {
    ok_handle_slot *slot = ok_handle_find(stream, OK_HANDLE_STREAM);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    if (frames > (size_t)slot->facts.max_block) return OSSICLE_BLOCK_TOO_LONG;
    return ok_instance_process(slot->instance, input, output, (int64_t)frames);
}

int32_t ossicle_stream_reset(ossicle_stream *stream) {
    ok_handle_slot *slot = ok_handle_find(stream, OK_HANDLE_STREAM);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    ok_instance_reset(slot->instance);
    return OSSICLE_OK;
}

int32_t ossicle_stream_info_get(const ossicle_stream *stream, ossicle_stream_info *info) {
    ok_handle_slot *slot = ok_handle_find(stream, OK_HANDLE_STREAM);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    if (!info || info->struct_size < sizeof info->struct_size) return OSSICLE_INVALID_ARGUMENT;
    const ok_stream_facts *facts = &slot->facts;
    ossicle_stream_info all = {
        .struct_size = info->struct_size,
        .input_channels = facts->input_channels,
        .output_channels = facts->output_channels,
        .channels_last = facts->channels_last,
        .max_block = facts->max_block,
        .granularity = facts->granularity,
        .rate_numerator = facts->rate_numerator,
        .rate_denominator = facts->rate_denominator,
        .latency = facts->latency,
        .sample_rate = facts->sample_rate,
        .state_bytes = facts->state_bytes,
        .workspace_bytes = facts->workspace_bytes,
    };
    memcpy(info, &all, info->struct_size < sizeof all ? info->struct_size : sizeof all);
    return OSSICLE_OK;
}

_Static_assert(sizeof(ossicle_buffer) == sizeof(ok_buffer) &&
                   offsetof(ossicle_buffer, byte_count) == offsetof(ok_buffer, byte_count),
               "the two buffer types are one");

int32_t ossicle_session_run(ossicle_session *session, const ossicle_buffer *inputs, size_t input_count,
                            const ossicle_buffer *outputs, size_t output_count) {
    ok_handle_slot *slot = ok_handle_find(session, OK_HANDLE_SESSION);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    ok_instance *instance = slot->instance;
    return ok_instance_run(instance, instance->program->max_length, (const ok_buffer *)inputs, input_count,
                           (const ok_buffer *)outputs, output_count);
}

int32_t ossicle_session_run_f32(ossicle_session *session, const float *input, size_t input_count,
                                float *output, size_t output_count) {
    ok_handle_slot *slot = ok_handle_find(session, OK_HANDLE_SESSION);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    return ok_instance_run_f32(slot->instance, input, input_count, output, output_count);
}

int32_t ossicle_hybrid_process(ossicle_hybrid *hybrid, const float *input, size_t input_count, float *output,
                               size_t output_count) {
    ok_handle_slot *slot = ok_handle_find(hybrid, OK_HANDLE_HYBRID);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    return ok_instance_run_f32(slot->instance, input, input_count, output, output_count);
}

int32_t ossicle_hybrid_stream_process(ossicle_hybrid_stream *stream, const float *input, float *output,
                                      size_t frames) {
    ok_handle_slot *slot = ok_handle_find(stream, OK_HANDLE_HYBRID_STREAM);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    if (frames > (size_t)INT64_MAX / sizeof(float)) return OSSICLE_BLOCK_TOO_LONG;
    return ok_overlap_process(slot->instance, input, output, (int64_t)frames);
}

int32_t ossicle_hybrid_stream_reset(ossicle_hybrid_stream *stream) {
    ok_handle_slot *slot = ok_handle_find(stream, OK_HANDLE_HYBRID_STREAM);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    ok_overlap_reset(slot->instance);
    return OSSICLE_OK;
}

int32_t ossicle_hybrid_stream_info_get(const ossicle_hybrid_stream *stream,
                                       ossicle_hybrid_stream_info *info) {
    ok_handle_slot *slot = ok_handle_find(stream, OK_HANDLE_HYBRID_STREAM);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    if (!info || info->struct_size < sizeof info->struct_size) return OSSICLE_INVALID_ARGUMENT;
    const ok_overlap *overlap = slot->instance;
    ossicle_hybrid_stream_info all = {
        .struct_size = info->struct_size,
        .input_channels = (int32_t)overlap->input_channels,
        .output_channels = (int32_t)overlap->output_channels,
        .window = slot->facts.window,
        .chunk = overlap->chunk,
        .overlap = overlap->chunk - overlap->hop,
        .latency = slot->facts.latency,
        .sample_rate = slot->facts.sample_rate,
        .memory_bytes = slot->facts.workspace_bytes,
    };
    memcpy(info, &all, info->struct_size < sizeof all ? info->struct_size : sizeof all);
    return OSSICLE_OK;
}
