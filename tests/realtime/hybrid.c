// Hybrid pipelines and their streams under the watch.
#include "watch.h"
#include "subjects.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BLOCK = 1024, WEIGHTS = 64, LENGTH = 1000 };

static int32_t run_buffer(ossicle_hybrid *h, const float *x, size_t n, float *y, size_t m) NONBLOCKING {
    return ossicle_hybrid_process(h, x, n, y, m);
}
static int32_t run_block(ossicle_hybrid_stream *s, const float *x, float *y, size_t frames) NONBLOCKING {
    return ossicle_hybrid_stream_process(s, x, y, frames);
}
static int32_t run_reset(ossicle_hybrid_stream *s) NONBLOCKING { return ossicle_hybrid_stream_reset(s); }

// Reads [{"name": "…", "shape": [a, b]}, …] as the library writes it, and makes small weights of those
// shapes.
static ossicle_hybrid *make(const char *configuration) {
    static char names[1 << 14];
    ossicle_hybrid_weight weights[WEIGHTS] = {0};
    size_t count = 0, length = 0;
    unsigned seed = 5;
    must(ossicle_hybrid_parameters(configuration, NULL, names, sizeof names, &length), NULL, configuration);
    for (char *at = strstr(names, "\"name\": \""); at && count < WEIGHTS; at = strstr(at, "\"name\": \"")) {
        ossicle_hybrid_weight *weight = &weights[count++];
        weight->name = at + strlen("\"name\": \"");
        char *end = strchr(weight->name, '"');
        *end = 0;
        size_t values = 1;
        for (at = strchr(end + 1, '['); *at != ']';) {
            weight->shape[weight->rank] = strtoll(at + 1, &at, 10);
            values *= (size_t)weight->shape[weight->rank++];
        }
        float *data = malloc(values * sizeof *data);
        for (size_t i = 0; i < values; ++i) data[i] = 0.25f * noise(&seed);
        weight->data = data;
    }
    ossicle_hybrid *hybrid = NULL;
    must(ossicle_hybrid_create(configuration, weights, count, NULL, NULL, &hybrid), NULL, configuration);
    for (size_t i = 0; i < count; ++i) free((void *)(uintptr_t)weights[i].data);
    return hybrid;
}

static void watch_buffers(const char *name, ossicle_hybrid *hybrid, float *x, float *y, long callbacks) {
    ossicle_hybrid_info info = {.struct_size = sizeof info};
    must(ossicle_hybrid_info_get(hybrid, &info), hybrid, name);
    size_t in = (size_t)(info.input_channels * LENGTH), out = (size_t)(info.output_channels * LENGTH),
           bad = 0;
    for (long i = 0; i < callbacks / 10 + 1; ++i) {
        arm();
        bad += run_buffer(hybrid, x, in, y, out) != OSSICLE_OK;
        disarm();
    }
    arm();
    int32_t wrong = run_buffer(hybrid, x, in - 1, y, out);
    disarm();
    expect(bad == 0 && wrong != OSSICLE_OK, name, "buffers are processed, wrong sizes refused");
    for (size_t i = 0; i < out; ++i) bad += !isfinite(y[i]);
    expect(bad == 0, name, "the output is finite");
}

static void watch_stream(const char *name, ossicle_hybrid_stream *stream, float *x, float *y,
                         long callbacks) {
    static const size_t blocks[] = {1, 17, 32, 64, 127, 128, 256, 512, MAX_BLOCK};
    size_t bad = 0;
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; ++b) {
        arm();
        bad += run_reset(stream) != OSSICLE_OK;
        disarm();
        for (long i = 0; i < callbacks; ++i) {
            arm();
            bad += run_block(stream, x, y, blocks[b]) != OSSICLE_OK;
            disarm();
        }
        for (size_t i = 0; i < blocks[b]; ++i) bad += !isfinite(y[i]);
    }
    arm();
    int32_t wrong = run_block(stream, x, y, (size_t)-1), none = run_block(NULL, x, y, 1);
    disarm();
    expect(bad == 0, name, "every block is processed, and finite");
    expect(wrong == OSSICLE_BLOCK_TOO_LONG && none == OSSICLE_INVALID_HANDLE, name,
           "wrong calls are refused");
}

void watch_hybrid(long callbacks) {
    static const struct {
        const char *name, *configuration;
        int carries; // runs without a window, too
    } all[] = {
        {"hybrid", "{\"channels\": [8, 12], \"hidden_size\": 20, \"input_length\": 1000}", 1},
        {"hybrid, skips, stereo",
         "{\"in_channels\": 2, \"channels\": [6, 8], \"kernel_size\": 5, \"stride\": 2, \"hidden_size\": 9, "
         "\"num_layers\": 2, \"activation\": \"GELU\", \"skip_connections\": true, \"input_length\": 1000}",
         1},
        {"hybrid, bidirectional",
         "{\"channels\": [5], \"kernel_size\": 4, \"stride\": 4, \"hidden_size\": 7, \"bidirectional\": "
         "true, "
         "\"activation\": \"Tanh\", \"input_length\": 1000}",
         0},
    };
    float *x = malloc(2 * MAX_BLOCK * sizeof *x), *y = malloc(2 * MAX_BLOCK * sizeof *y);
    unsigned seed = 11;
    for (size_t i = 0; i < 2 * MAX_BLOCK; ++i) x[i] = 0.5f * noise(&seed);
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
        ossicle_hybrid *hybrid = make(all[i].configuration);
        watch_buffers(all[i].name, hybrid, x, y, callbacks);
        for (int window = !all[i].carries; window < 2; ++window) {
            ossicle_hybrid_stream_options options = {.struct_size = sizeof options};
            options.window = window ? OSSICLE_WINDOW_HANN : OSSICLE_WINDOW_NONE;
            options.chunk = 128;
            ossicle_hybrid_stream *stream = NULL;
            must(ossicle_hybrid_stream_create(hybrid, &options, &stream), hybrid, all[i].name);
            watch_stream(all[i].name, stream, x, y, callbacks);
            must(ossicle_hybrid_stream_destroy(stream), NULL, all[i].name);
        }
        must(ossicle_hybrid_destroy(hybrid), NULL, all[i].name);
    }
    free(x);
    free(y);
}
