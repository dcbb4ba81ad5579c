// Hybrid pipelines as a C program meets them.
//
//   hybrid_test FOLDER FILE    FOLDER with the .nam files; FILE is written
#include <math.h>

#include "models.h"

// A pipeline that can be worked out by hand: one channel, stride 1, an LSTM of zeros whose output is zero,
// and a skip connection around it, so y = 3 (2 x + 1) - 1.
static const char *const hybrid_config =
    "{\"channels\": [1], \"kernel_size\": 1, \"stride\": 1, \"hidden_size\": 1, \"activation\": "
    "\"Identity\", "
    "\"projection\": false, \"skip_connections\": true, \"input_length\": 8, \"sample_rate\": 8000}";

static ossicle_hybrid *hybrid_by_hand(float last, int32_t expected) {
    static const float zeros[4], encoder[2] = {2, 1};
    static float decoder[2];
    decoder[0] = 3, decoder[1] = last;
    const ossicle_hybrid_weight weights[] = {
        {"encoder.0.weight", OSSICLE_FLOAT32, 3, {1, 1, 1}, &encoder[0]},
        {"encoder.0.bias", OSSICLE_FLOAT32, 1, {1}, &encoder[1]},
        {"bottleneck.weight_ih_l0", OSSICLE_FLOAT32, 2, {4, 1}, zeros},
        {"bottleneck.weight_hh_l0", OSSICLE_FLOAT32, 2, {4, 1}, zeros},
        {"bottleneck.bias_ih_l0", OSSICLE_FLOAT32, 1, {4}, zeros},
        {"bottleneck.bias_hh_l0", OSSICLE_FLOAT32, 1, {4}, zeros},
        {"decoder.0.weight", OSSICLE_FLOAT32, 3, {1, 1, 1}, &decoder[0]},
        {"decoder.0.bias", OSSICLE_FLOAT32, 1, {1}, &decoder[1]},
    };
    ossicle_hybrid *hybrid = NULL;
    size_t count = sizeof weights / sizeof *weights;
    CHECK(ossicle_hybrid_create(hybrid_config, weights, count, NULL, NULL, &hybrid) == expected);
    if (hybrid) {
        ossicle_hybrid *other = NULL;
        CHECK(ossicle_hybrid_create(hybrid_config, weights, count - 1, NULL, NULL, &other) ==
              OSSICLE_WEIGHTS);
        CHECK(!other && strstr(message_of(NULL), "decoder.0.bias") != NULL);
        CHECK(ossicle_hybrid_create(hybrid_config, NULL, 1, NULL, NULL, &other) == OSSICLE_INVALID_ARGUMENT);
        CHECK(ossicle_hybrid_create(NULL, weights, count, NULL, NULL, &other) == OSSICLE_INVALID_ARGUMENT);
        CHECK(ossicle_hybrid_create(hybrid_config, weights, count, NULL, NULL, NULL) ==
              OSSICLE_INVALID_ARGUMENT);
    }
    return hybrid;
}

// What runs it is an option of the load; the numbers stay.
static void computes(const char *saved, const float *x, const float *expected) {
    for (int32_t compute = -1; compute <= 4; ++compute) {
        const ossicle_load_options options = {.struct_size = sizeof options, .compute = compute};
        ossicle_hybrid *hybrid = NULL, *made = NULL;
        ossicle_model *model = NULL;
        int32_t status = ossicle_hybrid_load(saved, NULL, NULL, &options, &hybrid);
        CHECK(ossicle_hybrid_load(saved, hybrid_config, NULL, &options, &made) == status);
        CHECK(ossicle_model_load(saved, &options, &model) == status);
        check_compute(compute, status, NULL);
        if (status != OSSICLE_OK) continue;
        float y[8];
        for (int i = 0; i < 2; ++i) {
            CHECK(ossicle_hybrid_process(i ? made : hybrid, x, 8, y, 8) == OSSICLE_OK);
            CHECK(memcmp(y, expected, sizeof y) == 0);
        }
        CHECK(ossicle_hybrid_destroy(hybrid) == OSSICLE_OK && ossicle_hybrid_destroy(made) == OSSICLE_OK);
        CHECK(ossicle_model_destroy(model) == OSSICLE_OK);
    }
}

static void hybrid_pipelines(const char *saved) {
    CHECK(!hybrid_by_hand(NAN, OSSICLE_WEIGHTS));
    CHECK(strstr(message_of(NULL), "decoder.0.bias") != NULL);
    ossicle_hybrid *hybrid = hybrid_by_hand(-1, OSSICLE_OK), *other = NULL;
    const float x[8] = {0, 1, 2, 3, -1, -2, 0.5f, 10};
    float y[8] = {0};
    CHECK(ossicle_hybrid_process(hybrid, x, 8, y, 8) == OSSICLE_OK);
    for (int i = 0; i < 8; ++i) CHECK(y[i] == 6 * x[i] + 2);
    CHECK(ossicle_hybrid_process(hybrid, x, 7, y, 7) == OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_hybrid_process(hybrid, y, 8, y, 8) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_hybrid_process(NULL, x, 8, y, 8) == OSSICLE_INVALID_HANDLE);

    ossicle_hybrid_times times = {.struct_size = sizeof times};
    CHECK(ossicle_hybrid_time(hybrid, x, 8, y, 8, &times) == OSSICLE_OK && y[7] == 62);
    CHECK(times.encoder >= 0 && times.bottleneck >= 0 && times.decoder >= 0);
    CHECK(ossicle_hybrid_time(hybrid, x, 7, y, 8, &times) == OSSICLE_SHAPE_MISMATCH);
    CHECK(strstr(message_of(hybrid), "8 frames") != NULL);
    CHECK(ossicle_hybrid_time(hybrid, NULL, 8, y, 8, &times) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_hybrid_time(hybrid, x, 8, y, 8, NULL) == OSSICLE_INVALID_ARGUMENT);

    ossicle_hybrid_info info = {.struct_size = sizeof info};
    CHECK(ossicle_hybrid_info_get(hybrid, &info) == OSSICLE_OK);
    CHECK(info.input_channels == 1 && info.output_channels == 1 && info.stage_count == 1);
    CHECK(info.total_stride == 1 && info.input_length == 8 && info.parameter_count == 20);
    CHECK(info.weight_bytes == 80 && info.packed_bytes > 0 && info.workspace_bytes > 0);
    CHECK(!info.uses_gpu && !info.uses_bnns);
    char text[4096] = "x";
    CHECK(ossicle_hybrid_text(hybrid, OSSICLE_HYBRID_DEVICE_FAILURE, text, sizeof text) == 0 && !text[0]);
    size_t length = 0;
    for (int32_t kind = OSSICLE_HYBRID_SUMMARY; kind <= OSSICLE_HYBRID_PLAN; ++kind)
        CHECK(ossicle_hybrid_text(hybrid, kind, text, sizeof text) == strlen(text) && strlen(text) > 20);
    CHECK(ossicle_hybrid_text(hybrid, 3, text, sizeof text) == 0);
    CHECK(ossicle_hybrid_parameters(hybrid_config, NULL, text, sizeof text, &length) == OSSICLE_OK);
    CHECK(length == strlen(text) && strstr(text, "\"bottleneck.weight_hh_l0\", \"shape\": [4, 1]") != NULL);
    CHECK(ossicle_hybrid_parameters("{\"stride\": 0}", NULL, NULL, 0, NULL) == OSSICLE_INVALID_ARGUMENT);
    CHECK(strstr(message_of(NULL), "stride") != NULL);

    CHECK(ossicle_hybrid_save(hybrid, saved) == OSSICLE_OK);
    CHECK(ossicle_hybrid_save(hybrid, file("no folder/x")) == OSSICLE_IO);
    CHECK(ossicle_hybrid_load(saved, NULL, NULL, NULL, &other) == OSSICLE_OK);
    CHECK(ossicle_hybrid_process(other, x, 8, y, 8) == OSSICLE_OK && y[1] == 8);
    CHECK(ossicle_hybrid_destroy(other) == OSSICLE_OK);
    computes(saved, x, y);
    CHECK(ossicle_hybrid_load(saved, "{}", NULL, NULL, &other) == OSSICLE_WEIGHTS);
    CHECK(ossicle_hybrid_load(file("lstm.nam"), NULL, NULL, NULL, &other) == OSSICLE_MALFORMED);
    ossicle_model *model = NULL;
    CHECK(ossicle_model_load(saved, NULL, &model) == OSSICLE_OK);
    CHECK(ossicle_hybrid_create(hybrid_config, NULL, 0, model, NULL, &other) != OSSICLE_OK);
    CHECK(ossicle_model_destroy(model) == OSSICLE_OK);
    CHECK(ossicle_hybrid_model(hybrid, &model) == OSSICLE_OK);
    CHECK(ossicle_hybrid_destroy(hybrid) == OSSICLE_OK);
    CHECK(ossicle_hybrid_destroy(hybrid) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_hybrid_process(hybrid, x, 8, y, 8) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_hybrid_info_get(hybrid, &info) == OSSICLE_INVALID_HANDLE);
    ossicle_stream *stream = open_stream(model, 4); // models and streams keep what they need
    CHECK(ossicle_stream_process(stream, x, y, 4) == OSSICLE_OK && y[2] == 14);
    CHECK(ossicle_stream_destroy(stream) == OSSICLE_OK);
    CHECK(ossicle_model_destroy(model) == OSSICLE_OK);
}

static void hybrid_streams(void) {
    ossicle_hybrid *hybrid = hybrid_by_hand(-1, OSSICLE_OK);
    ossicle_hybrid_stream *stream = NULL;
    const int32_t windows[] = {OSSICLE_WINDOW_NONE, OSSICLE_WINDOW_HANN};
    for (int w = 0; w < 2; ++w) {
        ossicle_hybrid_stream_options options = {
            .struct_size = sizeof options, .window = windows[w], .chunk = 8};
        CHECK(ossicle_hybrid_stream_create(hybrid, &options, &stream) == OSSICLE_OK);
        ossicle_hybrid_stream_info info = {.struct_size = sizeof info};
        CHECK(ossicle_hybrid_stream_info_get(stream, &info) == OSSICLE_OK);
        CHECK(info.latency == 7 && info.chunk == 8 && info.overlap == (w ? 4 : 0) &&
              info.window == windows[w]);
        CHECK(info.input_channels == 1 && info.output_channels == 1 && info.sample_rate == 8000);
        CHECK(info.memory_bytes > 0);
        float signal[50], all[50], parts[50];
        for (int i = 0; i < 50; ++i) signal[i] = (float)(i % 7);
        CHECK(ossicle_hybrid_stream_process(stream, signal, all, 50) == OSSICLE_OK);
        for (int i = 7; i < 50; ++i) CHECK(all[i] == 6 * signal[i - 7] + 2);
        CHECK(ossicle_hybrid_stream_reset(stream) == OSSICLE_OK);
        memcpy(parts, signal, sizeof parts);
        for (size_t at = 0, n = 1; at < 50; at += n, n = n % 9 + 1) {
            if (n > 50 - at) n = 50 - at;
            CHECK(ossicle_hybrid_stream_process(stream, parts + at, parts + at, n) == OSSICLE_OK);
        }
        CHECK(memcmp(all, parts, sizeof all) == 0);
        CHECK(ossicle_hybrid_stream_process(stream, NULL, NULL, 0) == OSSICLE_OK);
        CHECK(ossicle_hybrid_stream_process(stream, NULL, all, 4) == OSSICLE_INVALID_ARGUMENT);
        CHECK(ossicle_hybrid_stream_process(stream, signal, all, (size_t)-1) == OSSICLE_BLOCK_TOO_LONG);
        CHECK(ossicle_stream_reset((ossicle_stream *)stream) == OSSICLE_INVALID_HANDLE); // of another kind
        CHECK(ossicle_hybrid_stream_destroy(stream) == OSSICLE_OK);
        CHECK(ossicle_hybrid_stream_reset(stream) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_hybrid_stream_process(stream, signal, all, 1) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_hybrid_stream_info_get(stream, &info) == OSSICLE_INVALID_HANDLE);
        stream = NULL;
    }
    ossicle_hybrid_stream_options wrong = {.struct_size = sizeof wrong, .window = 2};
    CHECK(ossicle_hybrid_stream_create(hybrid, &wrong, &stream) == OSSICLE_INVALID_ARGUMENT && !stream);
    wrong.window = OSSICLE_WINDOW_HANN, wrong.chunk = 8, wrong.overlap = 5;
    CHECK(ossicle_hybrid_stream_create(hybrid, &wrong, &stream) == OSSICLE_INVALID_ARGUMENT && !stream);
    CHECK(strstr(message_of(hybrid), "overlap") != NULL);
    wrong.overlap = 0, wrong.struct_size = 8;
    CHECK(ossicle_hybrid_stream_create(hybrid, &wrong, &stream) == OSSICLE_INVALID_ARGUMENT && !stream);
    CHECK(ossicle_hybrid_stream_create(hybrid, NULL, &stream) == OSSICLE_OK);
    CHECK(ossicle_hybrid_destroy(hybrid) == OSSICLE_OK); // the order of destroy is free
    float one = 1;
    CHECK(ossicle_hybrid_stream_process(stream, &one, &one, 1) == OSSICLE_OK && one == 8);
    CHECK(ossicle_hybrid_stream_destroy(stream) == OSSICLE_OK);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    folder = argv[1];
    hybrid_pipelines(argv[2]);
    hybrid_streams();
    return summary("hybrid_test");
}
