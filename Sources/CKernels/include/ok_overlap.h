// Audio in blocks of any size through a program that works on chunks of one size.
#ifndef OK_OVERLAP_H
#define OK_OVERLAP_H

#include "ok_stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Chunk k covers frames k · hop … k · hop + chunk - 1. Without overlap the instance is a stream that goes on
/// from chunk to chunk; with it, every chunk is a run of its own, and neighbours are cross-faded where they
/// overlap. The output lags by chunk - 1 frames: frame t is given out with the call that brings frame t +
/// chunk - 1.
typedef struct ok_overlap {
    ok_instance *instance;
    int64_t input_channels, output_channels;
    int64_t chunk, hop; // overlap = chunk - hop, at most hop
    int64_t filled;     // frames gathered since the last run, < hop
    const float *fade;  // [overlap], rising: the weight of the newer chunk
    float *memory;      // what a reset clears: the four below
    size_t memory_bytes;
    float *input;  // [input_channels, chunk]
    float *result; // [output_channels, chunk]
    float *ready;  // [output_channels, hop]
    float *tail;   // [output_channels, overlap]: the end of the last result
} ok_overlap;

/// Back to silence. Real-time safe.
void ok_overlap_reset(ok_overlap *overlap) OK_REALTIME;

/// The next `frames` frames, `[channels, frames]` on both sides. Output may be the input's buffer when both
/// have as many channels. One call in `hop / frames` runs a whole chunk. Real-time safe.
int32_t ok_overlap_process(ok_overlap *overlap, const float *input, float *output,
                           int64_t frames) OK_REALTIME;

#ifdef __cplusplus
}
#endif
#endif
