// Reading and writing WAV files for the examples: PCM of 16, 24 and 32 bits and 32-bit float in, float out.
#ifndef WAV_H
#define WAV_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t rate, channels;
    size_t frames;
    float *samples; // interleaved; free() it
} wav;

/// NULL, or why the file cannot be read.
const char *wav_read(const char *path, wav *out);
/// Writes 32-bit float. NULL, or why the file cannot be written.
const char *wav_write(const char *path, const wav *in);

#endif
