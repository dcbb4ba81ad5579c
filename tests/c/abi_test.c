// The C interface as a C program meets it: statuses, messages, handles, models, streams, sessions,
// sequentials.
//
//   abi_test FOLDER    with the .nam files and their reference output
#include <math.h>
#include "models.h"

static ossicle_model *load(const char *name) {
    ossicle_model *model = NULL;
    CHECK(ossicle_model_load(file(name), NULL, &model) == OSSICLE_OK);
    if (!model) {
        fprintf(stderr, "%s\n", message_of(NULL));
        exit(1);
    }
    return model;
}

static void versions(void) {
    CHECK(ossicle_abi_version() / 1000 == OSSICLE_ABI_VERSION / 1000);
    CHECK(ossicle_abi_version() >= OSSICLE_ABI_VERSION);
    CHECK(strcmp(ossicle_version(), RELEASE) == 0);
    const char *isa = ossicle_isa();
    CHECK(strcmp(isa, "avx512") == 0 || strcmp(isa, "avx2") == 0 || strcmp(isa, "sse2") == 0 ||
          strcmp(isa, "neon") == 0);
    for (int32_t status = -2; status < 100; ++status) CHECK(strlen(ossicle_status_text(status)) > 0);
}

static void wrong_files(void) {
    ossicle_model *model = (ossicle_model *)folder; // must stay as it is
    CHECK(ossicle_model_load(file("no such file.nam"), NULL, &model) == OSSICLE_IO);
    CHECK(strstr(message_of(NULL), "no such file.nam") != NULL);
    CHECK(ossicle_model_load_bytes("{\"version\"", 10, "cut.nam", NULL, &model) == OSSICLE_MALFORMED);
    CHECK(strstr(message_of(NULL), "cut.nam") != NULL);
    CHECK(ossicle_model_load_bytes("", 0, "empty", NULL, &model) != OSSICLE_OK);
    CHECK(ossicle_model_load(NULL, NULL, &model) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_model_load(file("lstm.nam"), NULL, NULL) == OSSICLE_INVALID_ARGUMENT);
    CHECK(model == (const void *)folder);
}

static void wrong_handles(void) {
    float one = 1;
    ossicle_model_info info = {.struct_size = sizeof info};
    ossicle_stream *stream = NULL;
    CHECK(ossicle_model_destroy(NULL) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_model_info_get(NULL, &info) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_stream_create(NULL, NULL, &stream) != OSSICLE_OK);
    CHECK(ossicle_stream_process(NULL, &one, &one, 1) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_stream_reset(NULL) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_stream_destroy(NULL) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_session_run_f32(NULL, &one, 1, &one, 1) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_session_destroy(NULL) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_sequential_destroy(NULL) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_model_text(NULL, OSSICLE_TEXT_FORMAT, NULL, 0) == 0);

    ossicle_model *model = load("lstm.nam");
    ossicle_stream *real = open_stream(model, 8);
    CHECK(ossicle_model_info_get((ossicle_model *)real, &info) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_stream_process((ossicle_stream *)model, &one, &one, 1) == OSSICLE_INVALID_HANDLE);
    long long foreign[32] = {0}; // memory that is no handle at all
    CHECK(ossicle_stream_reset((ossicle_stream *)foreign) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_stream_destroy(real) == OSSICLE_OK);
    CHECK(ossicle_stream_process(real, &one, &one, 1) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_stream_destroy(real) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_model_destroy(model) == OSSICLE_OK);
    CHECK(ossicle_model_destroy(model) == OSSICLE_INVALID_HANDLE);
}

// A text function tells the whole length, never writes past the capacity and always ends with NUL.
static void texts(void) {
    ossicle_model *model = load("lstm.nam");
    for (int32_t kind = OSSICLE_TEXT_FORMAT; kind <= OSSICLE_TEXT_PLAN; ++kind) {
        size_t length = ossicle_model_text(model, kind, NULL, 0);
        char *whole = malloc(length + 2), part[5] = "####";
        whole[length + 1] = '#';
        CHECK(ossicle_model_text(model, kind, whole, length + 1) == length);
        CHECK(strlen(whole) == length && whole[length + 1] == '#');
        CHECK(ossicle_model_text(model, kind, part, 4) == length);
        CHECK(length < 3 || (strlen(part) <= 3 && memcmp(part, whole, strlen(part)) == 0));
        free(whole);
    }
    char format[16] = "";
    ossicle_model_text(model, OSSICLE_TEXT_FORMAT, format, sizeof format);
    CHECK(strcmp(format, "nam") == 0);
    ossicle_model_destroy(model);
}

// Against the original C++ implementation: 48 000 zeros first, then the signal in blocks of 64.
static void reference(const char *name) {
    char path[64];
    size_t count, expected_count;
    snprintf(path, sizeof path, "%s.nam", name);
    ossicle_model *model = load(path);
    snprintf(path, sizeof path, "%s.expected.f32", name);
    float *x = read_floats(file("input.f32"), &count), *wanted = read_floats(file(path), &expected_count);
    float *y = malloc(count * sizeof *y), *other = malloc(count * sizeof *other), zeros[64] = {0}, sink[64];
    CHECK(count == expected_count);

    ossicle_stream *stream = open_stream(model, 64);
    for (int i = 0; i < 48000; i += 64) CHECK(ossicle_stream_process(stream, zeros, sink, 64) == OSSICLE_OK);
    for (size_t at = 0; at < count; at += 64)
        CHECK(ossicle_stream_process(stream, x + at, y + at, 64) == OSSICLE_OK);
    double worst = 0;
    for (size_t i = 0; i < count; ++i) worst = fmax(worst, fabs((double)y[i] - (double)wanted[i]));
    printf("%s: largest error %.2g\n", name, worst);
    CHECK(worst <= 2e-5); // upstream differs from itself by 5e-6 between block sizes
    if (!(worst <= 2e-5)) fprintf(stderr, "%s\n", name);

    // Any split gives the same output, in place or not; reset is a fresh stream, bit for bit.
    CHECK(ossicle_stream_reset(stream) == OSSICLE_OK);
    for (size_t at = 0; at < count; at += 64)
        CHECK(ossicle_stream_process(stream, x + at, y + at, 64) == OSSICLE_OK);
    ossicle_stream *fresh = open_stream(model, 64);
    memcpy(other, x, count * sizeof *x);
    for (size_t at = 0; at < count; at += 64) ossicle_stream_process(fresh, other + at, other + at, 64);
    CHECK(memcmp(y, other, count * sizeof *y) == 0);
    CHECK(ossicle_stream_reset(fresh) == OSSICLE_OK);
    for (size_t at = 0, n = 1; at < count; at += n, n = n % 61 + 1) {
        if (n > count - at) n = count - at;
        ossicle_stream_process(fresh, x + at, other + at, n);
    }
    worst = 0;
    for (size_t i = 0; i < count; ++i) worst = fmax(worst, fabs((double)y[i] - (double)other[i]));
    CHECK(worst <= 5e-6);

    CHECK(ossicle_stream_process(stream, x, y, 65) == OSSICLE_BLOCK_TOO_LONG);
    CHECK(ossicle_stream_process(stream, x, y, (size_t)-1) == OSSICLE_BLOCK_TOO_LONG);
    CHECK(ossicle_stream_process(stream, x, y, 0) == OSSICLE_OK);
    CHECK(ossicle_model_destroy(model) == OSSICLE_OK); // streams keep what they need
    CHECK(ossicle_stream_process(stream, x, y, 64) == OSSICLE_OK);
    CHECK(ossicle_stream_destroy(fresh) == OSSICLE_OK);
    CHECK(ossicle_stream_destroy(stream) == OSSICLE_OK);
    free(x);
    free(y);
    free(other);
    free(wanted);
}

static void wrong_streams(void) {
    ossicle_model *model = load("lstm.nam");
    ossicle_stream *stream = NULL;
    ossicle_stream_options options = {.struct_size = sizeof options};
    const int64_t wrong[] = {0, -1, ((int64_t)1 << 20) + 1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        options.max_block = wrong[i];
        CHECK(ossicle_stream_create(model, &options, &stream) == OSSICLE_INVALID_ARGUMENT && !stream);
    }
    options.max_block = 64;
    options.struct_size = 3;
    CHECK(ossicle_stream_create(model, &options, &stream) == OSSICLE_INVALID_ARGUMENT && !stream);
    CHECK(strlen(message_of(NULL)) > 0 || strlen(message_of(model)) > 0);
    ossicle_model_destroy(model);
}

// y = W x + b by hand, through a sequential and a session.
static void sequential(void) {
    const float weight[6] = {1, 2, 3, -1, 0.5f, 0}, bias[2] = {10, 20}, x[3] = {1, 10, 100};
    const int64_t matrix[2] = {2, 3}, vector[1] = {2}, wrong[2] = {3, 2};
    ossicle_sequential *s = NULL;
    ossicle_model *model = NULL;
    CHECK(ossicle_sequential_create(&s) == OSSICLE_OK);
    CHECK(ossicle_sequential_add(s, "NoSuchLayer", NULL, 0) == OSSICLE_UNSUPPORTED);
    CHECK(strstr(message_of(s), "NoSuchLayer") != NULL);
    CHECK(ossicle_sequential_add(s, "Linear", "{\"in_features\": 3", 0) != OSSICLE_OK);
    CHECK(ossicle_sequential_add(s, "Linear", "{\"in_features\": 3, \"out_features\": 2}", 0) == OSSICLE_OK);
    CHECK(ossicle_sequential_add(s, "Linear", "{\"in_features\": 5, \"out_features\": 2}", 0) ==
          OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_sequential_build(s, NULL, &model) == OSSICLE_WEIGHTS && !model);
    CHECK(strstr(message_of(s), "weight") != NULL);
    // Shapes and values are judged when the model is built, where every weight is known.
    const float nan[2] = {NAN, 0};
    CHECK(ossicle_sequential_set_weight(s, "0.bias", OSSICLE_FLOAT32, vector, 1, bias) == OSSICLE_OK);
    CHECK(ossicle_sequential_set_weight(s, "0.weight", OSSICLE_FLOAT32, wrong, 2, weight) == OSSICLE_OK);
    CHECK(ossicle_sequential_build(s, NULL, &model) == OSSICLE_WEIGHTS && !model);
    CHECK(strstr(message_of(s), "weight") != NULL);
    CHECK(ossicle_sequential_set_weight(s, "0.weight", OSSICLE_FLOAT32, matrix, 2, weight) == OSSICLE_OK);
    CHECK(ossicle_sequential_set_weight(s, "0.bias", OSSICLE_FLOAT32, vector, 1, nan) == OSSICLE_OK);
    CHECK(ossicle_sequential_build(s, NULL, &model) == OSSICLE_WEIGHTS && !model);
    CHECK(ossicle_sequential_set_weight(s, "0.bias", OSSICLE_FLOAT32, vector, 1, bias) == OSSICLE_OK);
    for (int32_t compute = -1; compute <= 4; ++compute) {
        const ossicle_load_options options = {.struct_size = sizeof options, .compute = compute};
        int32_t status = ossicle_sequential_build(s, &options, &model);
        check_compute(compute, status, s);
        if (status == OSSICLE_OK) CHECK(ossicle_model_destroy(model) == OSSICLE_OK);
        model = NULL;
    }
    CHECK(ossicle_sequential_build(s, NULL, &model) == OSSICLE_OK);

    ossicle_shape shape = {.rank = 2, .extent = {1, 3}};
    ossicle_session *session = NULL;
    CHECK(ossicle_session_create(model, &shape, 1, &session) == OSSICLE_OK);
    float y[2] = {0};
    CHECK(ossicle_session_run_f32(session, x, 3, y, 2) == OSSICLE_OK);
    CHECK(y[0] == 331 && y[1] == 24);
    CHECK(ossicle_session_run_f32(session, x, 2, y, 2) == OSSICLE_SHAPE_MISMATCH);
#ifndef __APPLE__
    CHECK(ossicle_session_is_realtime(session) == 1);
#endif
    CHECK(ossicle_session_is_realtime(NULL) == 0);
    // Outputs may not lie on inputs, in either form of the call.
    float both[4] = {1, 10, 100};
    const ossicle_buffer in = {both, 12}, out = {both + 2, 8}, apart = {y, 8};
    CHECK(ossicle_session_run(session, &in, 1, &out, 1) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_session_run_f32(session, both, 3, both + 2, 2) == OSSICLE_INVALID_ARGUMENT);
    CHECK(both[0] == 1 && both[1] == 10 && both[2] == 100 && both[3] == 0);
    CHECK(ossicle_session_run(session, &in, 1, &apart, 1) == OSSICLE_OK && y[0] == 331);
    CHECK(ossicle_session_shape(session, OSSICLE_OUTPUT, 0, &shape) == OSSICLE_OK);
    CHECK(shape.rank == 2 && shape.extent[0] == 1 && shape.extent[1] == 2);
    CHECK(ossicle_session_destroy(session) == OSSICLE_OK);
    // What is beyond any memory is refused, not tried.
    const int64_t beyond[][2] = {{1, ((int64_t)1 << 36) + 1},
                                 {(int64_t)1 << 40, (int64_t)1 << 40},
                                 {1, INT64_MAX},
                                 {INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; ++i) {
        const ossicle_shape large = {.rank = 2, .extent = {beyond[i][0], beyond[i][1]}};
        session = NULL;
        CHECK(ossicle_session_create(model, &large, 1, &session) != OSSICLE_OK && !session);
    }
    CHECK(ossicle_model_destroy(model) == OSSICLE_OK);
    // Where weights come from shows in errors.
    model = NULL;
    CHECK(ossicle_sequential_set_source(s, "amp.safetensors") == OSSICLE_OK);
    CHECK(ossicle_sequential_set_source(s, NULL) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_sequential_set_weight(s, "0.bias", OSSICLE_FLOAT32, vector, 1, nan) == OSSICLE_OK);
    CHECK(ossicle_sequential_build(s, NULL, &model) == OSSICLE_WEIGHTS && !model);
    CHECK(strstr(message_of(s), "amp.safetensors") != NULL);
    CHECK(ossicle_sequential_destroy(s) == OSSICLE_OK);
    CHECK(ossicle_linear_set_gpu_batch_threshold(0) == OSSICLE_INVALID_ARGUMENT);
    CHECK(strstr(message_of(NULL), "threshold") != NULL);
}

// Tensors of a safetensors file, from memory and from a path.
static void tensors(void) {
    static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}     ";
    const float values[2] = {1.5f, -2};
    char bytes[8 + sizeof header - 1 + sizeof values] = {(char)(sizeof header - 1)};
    memcpy(bytes + 8, header, sizeof header - 1);
    memcpy(bytes + 8 + sizeof header - 1, values, sizeof values);
    ossicle_tensors *list = NULL;
    CHECK(ossicle_safetensors_load_bytes(bytes, sizeof bytes, "made.safetensors", &list) == OSSICLE_OK);
    CHECK(ossicle_tensors_count(list) == 1);
    ossicle_tensor tensor = {.struct_size = sizeof tensor};
    CHECK(ossicle_tensors_get(list, 0, &tensor) == OSSICLE_OK);
    CHECK(tensor.dtype == OSSICLE_FLOAT32 && tensor.rank == 1 && tensor.shape[0] == 2 &&
          tensor.byte_count == 8);
    CHECK(memcmp(tensor.data, values, sizeof values) == 0);
    CHECK(ossicle_tensors_destroy(list) == OSSICLE_OK);
    list = NULL;
    for (size_t n = 0; n < sizeof bytes; ++n)
        CHECK(ossicle_safetensors_load_bytes(bytes, n, "cut.safetensors", &list) == OSSICLE_MALFORMED);
    CHECK(strstr(message_of(NULL), "cut.safetensors") != NULL && !list);
    CHECK(ossicle_safetensors_load_bytes(NULL, 8, NULL, &list) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_safetensors_load("/none.safetensors", &list) == OSSICLE_IO && !list);
    CHECK(strstr(message_of(NULL), "/none.safetensors") != NULL);
    CHECK(ossicle_safetensors_load(NULL, &list) == OSSICLE_INVALID_ARGUMENT);
}

// Buffers of a stream are one or apart.
static void overlaps(void) {
    ossicle_model *model = NULL;
    CHECK(ossicle_model_load(file("BossWN-nano.nam"), NULL, &model) == OSSICLE_OK);
    ossicle_stream *stream = open_stream(model, 64);
    float memory[128] = {1};
    for (int at = -63; at <= 0; ++at)
        CHECK(ossicle_stream_process(stream, memory + 64, memory + 64 + at, 64) ==
              (at == 0 ? OSSICLE_OK : OSSICLE_INVALID_ARGUMENT));
    CHECK(ossicle_stream_process(stream, memory + 64, memory, 64) == OSSICLE_OK);
    ossicle_stream_destroy(stream);
    ossicle_model_destroy(model);
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    folder = argv[1];
    versions();
    wrong_files();
    wrong_handles();
    texts();
    wrong_streams();
    sequential();
    tensors();
    overlaps();
    const char *const names[] = {"lstm", "wavenet", "BossLSTM-1x16", "BossWN-nano", "wavenet_a1_standard"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) reference(names[i]);
    return summary("abi_test");
}
