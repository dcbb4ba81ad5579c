// Chunks with or without overlap. Real-time safe throughout.
#include "ok_overlap.h"
#include <string.h>

void ok_overlap_reset(ok_overlap *overlap) OK_REALTIME {
    memset(overlap->memory, 0, overlap->memory_bytes);
    // Chunk boundaries fall on multiples of the hop: the chunk that ends `overlap` frames into the signal is
    // the first.
    overlap->filled = (2 * overlap->hop - overlap->chunk) % overlap->hop;
    ok_instance_reset(overlap->instance);
}

static void cross_fade(ok_overlap *overlap, int64_t channel) {
    int64_t hop = overlap->hop, common = overlap->chunk - hop;
    const float *result = overlap->result + channel * overlap->chunk, *fade = overlap->fade;
    float *tail = overlap->tail + channel * common, *ready = overlap->ready + channel * hop;
    // The weights sum to one by construction: equal chunks come through unchanged.
    for (int64_t i = 0; i < common; ++i) ready[i] = tail[i] + fade[i] * (result[i] - tail[i]);
    memcpy(ready + common, result + common, (size_t)(hop - common) * sizeof *ready);
    memcpy(tail, result + hop, (size_t)common * sizeof *tail);
}

static int32_t run(ok_overlap *overlap) {
    int64_t chunk = overlap->chunk, hop = overlap->hop, common = chunk - hop;
    if (common == 0) return ok_instance_process(overlap->instance, overlap->input, overlap->ready, chunk);
    int32_t status =
        ok_instance_run_f32(overlap->instance, overlap->input, (size_t)(overlap->input_channels * chunk),
                            overlap->result, (size_t)(overlap->output_channels * chunk));
    if (status != OK_SUCCESS) return status;
    uint64_t mode = ok_flush_denormals();
    for (int64_t c = 0; c < overlap->output_channels; ++c) cross_fade(overlap, c);
    ok_restore_denormals(mode);
    for (int64_t c = 0; c < overlap->input_channels; ++c) {
        float *row = overlap->input + c * chunk;
        memmove(row, row + hop, (size_t)common * sizeof *row);
    }
    return OK_SUCCESS;
}

int32_t ok_overlap_process(ok_overlap *overlap, const float *input, float *output,
                           int64_t frames) OK_REALTIME {
    if (frames == 0) return OK_SUCCESS;
    if (!input || !output || frames < 0) return OK_INVALID_ARGUMENT;
    int64_t chunk = overlap->chunk, hop = overlap->hop;
    for (int64_t at = 0; at < frames;) {
        int64_t left = hop - overlap->filled, n = frames - at < left ? frames - at : left;
        for (int64_t c = 0; c < overlap->input_channels; ++c)
            memcpy(overlap->input + (c + 1) * chunk - left, input + c * frames + at,
                   (size_t)n * sizeof *input);
        // The frame that completes a chunk is answered by the first that the chunk makes ready.
        int64_t old = n < left ? n : n - 1;
        for (int64_t c = 0; c < overlap->output_channels; ++c)
            memcpy(output + c * frames + at, overlap->ready + c * hop + overlap->filled + 1,
                   (size_t)old * sizeof *output);
        overlap->filled += n;
        if (n == left) {
            int32_t status = run(overlap);
            if (status != OK_SUCCESS) return status;
            overlap->filled = 0;
            for (int64_t c = 0; c < overlap->output_channels; ++c)
                output[c * frames + at + n - 1] = overlap->ready[c * hop];
        }
        at += n;
    }
    return OK_SUCCESS;
}
