// Source of the layout: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0"
// (RIFF).
#include "wav.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PCM = 1, FLOATING = 3, EXTENSIBLE = 0xFFFE };

static uint32_t u16(const unsigned char *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const unsigned char *p) { return u16(p) | u16(p + 2) << 16; }

static void put(unsigned char *p, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) p[i] = (unsigned char)(value >> (8 * i));
}

static float sample(const unsigned char *p, uint32_t kind, uint32_t bits) {
    if (kind == FLOATING) {
        uint32_t word = u32(p);
        float value;
        memcpy(&value, &word, sizeof value);
        return value;
    }
    uint32_t word = 0; // left-aligned in 32 bits, so that the sign is where C wants it
    for (uint32_t i = 0; i < bits / 8; ++i) word |= (uint32_t)p[i] << (32 - bits + 8 * i);
    return (float)((double)(int32_t)word / 2147483648.0);
}

static const char *decode(const unsigned char *data, size_t size, wav *out) {
    uint32_t kind = 0, bits = 0;
    if (size < 12 || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WAVE", 4) != 0)
        return "not a WAV file";
    for (size_t at = 12; size - at >= 8;) {
        const unsigned char *body = data + at + 8;
        size_t length = u32(data + at + 4), left = size - at - 8;
        if (memcmp(data + at, "fmt ", 4) == 0 && length >= 16 && length <= left) {
            kind = u16(body);
            out->channels = u16(body + 2);
            out->rate = u32(body + 4);
            bits = u16(body + 14);
            if (kind == EXTENSIBLE && length >= 26) kind = u16(body + 24);
        } else if (memcmp(data + at, "data", 4) == 0) {
            int known =
                (kind == PCM && (bits == 16 || bits == 24 || bits == 32)) || (kind == FLOATING && bits == 32);
            if (!known || out->channels == 0)
                return "only PCM of 16, 24 or 32 bits and 32-bit float are read";
            if (length > left) length = left; // a recorder that was cut off
            size_t step = bits / 8, count = length / step / out->channels * out->channels;
            out->frames = count / out->channels;
            out->samples = malloc((count + 1) * sizeof(float));
            if (!out->samples) return "out of memory";
            for (size_t i = 0; i < count; ++i) out->samples[i] = sample(body + i * step, kind, bits);
            return NULL;
        }
        if (length > left) break;
        at += 8 + length + (length & 1 && length < left);
    }
    return "no audio data";
}

const char *wav_read(const char *path, wav *out) {
    memset(out, 0, sizeof *out);
    FILE *file = fopen(path, "rb");
    if (!file) return "cannot be opened";
    size_t size = 0, room = 1 << 16;
    unsigned char *data = malloc(room);
    while (data) {
        size += fread(data + size, 1, room - size, file);
        if (size < room) break;
        unsigned char *more = realloc(data, room *= 2);
        if (!more) free(data);
        data = more;
    }
    fclose(file);
    const char *problem = data ? decode(data, size, out) : "out of memory";
    free(data);
    return problem;
}

const char *wav_write(const char *path, const wav *in) {
    unsigned char head[58] = "RIFF....WAVEfmt ....";
    uint64_t count = (uint64_t)in->frames * in->channels, bytes = 4 * count;
    if (bytes > UINT32_MAX - sizeof head) return "too long for a WAV file";
    put(head + 4, (uint32_t)(sizeof head - 8 + bytes), 4);
    put(head + 16, 18, 4);
    put(head + 20, FLOATING, 2);
    put(head + 22, in->channels, 2);
    put(head + 24, in->rate, 4);
    put(head + 28, in->rate * in->channels * 4, 4);
    put(head + 32, in->channels * 4, 2);
    put(head + 34, 32, 2);
    memcpy(head + 38, "fact", 4);
    put(head + 42, 4, 4);
    put(head + 46, (uint32_t)in->frames, 4);
    memcpy(head + 50, "data", 4);
    put(head + 54, (uint32_t)bytes, 4);
    FILE *file = fopen(path, "wb");
    if (!file) return "cannot be created";
    int fine = fwrite(head, sizeof head, 1, file) == 1;
    for (uint64_t i = 0; fine && i < count; ++i) {
        unsigned char word[4];
        uint32_t value;
        memcpy(&value, &in->samples[i], sizeof value);
        put(word, value, 4);
        fine = fwrite(word, sizeof word, 1, file) == 1;
    }
    fine = fclose(file) == 0 && fine;
    return fine ? NULL : "cannot be written";
}
