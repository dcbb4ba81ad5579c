// Core ML models run through the C interface: inference_test DATA, with tests/data/coreml.
#include "check.h"
#include <math.h>

static const char *data;

static const char *path(const char *name) {
    static char buffer[4][1024];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(buffer[turn], sizeof buffer[turn], "%s/%s", data, name);
    return buffer[turn];
}

static ossicle_inference *load(const char *name, const ossicle_inference_options *options) {
    ossicle_inference *inference = NULL;
    CHECK(ossicle_inference_create(path(name), options, &inference) == OSSICLE_OK);
    if (!inference) {
        fprintf(stderr, "%s\n", message_of(NULL));
        exit(1);
    }
    return inference;
}

static void wrong_files(void) {
    ossicle_inference *none = (ossicle_inference *)(uintptr_t)data; // must stay as it is
    CHECK(ossicle_inference_create(path("none.mlpackage"), NULL, &none) == OSSICLE_IO);
    CHECK(strstr(message_of(NULL), "none.mlpackage") != NULL);
    CHECK(ossicle_inference_create(path("real/espresso_cardscan/FourRecognize.mlmodel"), NULL, &none) ==
          OSSICLE_UNSUPPORTED);
    CHECK(ossicle_inference_create(NULL, NULL, &none) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_create(path("generated/linear_fp32.mlpackage"), NULL, NULL) ==
          OSSICLE_INVALID_ARGUMENT);
    ossicle_inference_options options = {.struct_size = 3};
    CHECK(ossicle_inference_create(path("generated/linear_fp32.mlpackage"), &options, &none) ==
          OSSICLE_INVALID_ARGUMENT);
    options = (ossicle_inference_options){.struct_size = sizeof options, .function = "none"};
    CHECK(ossicle_inference_create(path("generated/linear_fp32.mlpackage"), &options, &none) ==
          OSSICLE_INVALID_ARGUMENT);
    options = (ossicle_inference_options){.struct_size = sizeof options, .engine = 3};
    CHECK(ossicle_inference_create(path("generated/linear_fp32.mlpackage"), &options, &none) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(strstr(message_of(NULL), "engine") != NULL);
#ifndef __APPLE__
    options.engine = OSSICLE_ENGINE_BNNS;
    CHECK(ossicle_inference_create(path("generated/linear_fp32.mlpackage"), &options, &none) ==
          OSSICLE_UNSUPPORTED);
    CHECK(strstr(message_of(NULL), "linear_fp32.mlpackage") && strstr(message_of(NULL), "BNNS Graph"));
#endif
    options = (ossicle_inference_options){.struct_size = sizeof options, .shape_count = 1};
    CHECK(ossicle_inference_create(path("generated/linear_fp32.mlpackage"), &options, &none) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK((const char *)none == data);
}

static void wrong_handles(void) {
    ossicle_inference *real = load("generated/linear_fp32.mlpackage", NULL);
    ossicle_memory_observer *observer = NULL;
    CHECK(ossicle_memory_observer_create(NULL, NULL, &observer) == OSSICLE_OK);
    long long foreign[32] = {0}; // memory that is no handle at all
    ossicle_inference *wrong[] = {NULL, (ossicle_inference *)observer, (ossicle_inference *)foreign};
    ossicle_inference_info info = {.struct_size = sizeof info};
    ossicle_port port = {.struct_size = sizeof port};
    float one = 1;
    ossicle_buffer buffer = {&one, sizeof one};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        CHECK(ossicle_inference_destroy(wrong[i]) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_info_get(wrong[i], &info) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_port(wrong[i], OSSICLE_PORT_INPUT, 0, &port) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_port_name(wrong[i], OSSICLE_PORT_INPUT, 0, NULL, 0) == 0);
        CHECK(ossicle_inference_function_name(wrong[i], 0, NULL, 0) == 0);
        CHECK(ossicle_inference_text(wrong[i], OSSICLE_INFERENCE_ENGINE, NULL, 0) == 0);
        CHECK(ossicle_inference_predict(wrong[i], &buffer, 1, &buffer, 1) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_predict_f32(wrong[i], &one, 1, &one, 1) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_predict_batch_f32(wrong[i], 1, &one, 1, &one, 1) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_reset_state(wrong[i]) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_release_workspace(wrong[i]) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_inference_prepare_workspace(wrong[i]) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_memory_observer_watch(observer, wrong[i]) == OSSICLE_INVALID_HANDLE);
    }
    CHECK(ossicle_memory_observer_set_level((ossicle_memory_observer *)real, 1) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_memory_observer_level(NULL) == -1);
    CHECK(ossicle_memory_observer_destroy(NULL) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_memory_observer_destroy(observer) == OSSICLE_OK);
    CHECK(ossicle_inference_destroy(real) == OSSICLE_OK);
    CHECK(ossicle_inference_predict_f32(real, &one, 1, &one, 1) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_inference_destroy(real) == OSSICLE_INVALID_HANDLE);
}

static void facts(void) {
    ossicle_inference *model = load("real/silero_vad_v6/unified_int8.mlmodelc", NULL);
    ossicle_inference_info info = {.struct_size = sizeof info};
    CHECK(ossicle_inference_info_get(model, &info) == OSSICLE_OK);
    CHECK(info.input_count == 3 && info.output_count == 3 && info.state_count == 0);
    CHECK(info.function_count == 1 && info.single_threaded == 1 && info.has_workspace == 1);
    CHECK(info.workspace_bytes > 0);
    ossicle_port port = {.struct_size = sizeof port};
    char name[64];
    CHECK(ossicle_inference_port(model, OSSICLE_PORT_INPUT, 0, &port) == OSSICLE_OK);
    CHECK(port.rank == 2 && port.shape[0] == 1 && port.shape[1] == 576 && port.dtype == OSSICLE_FLOAT32);
    CHECK(ossicle_inference_port_name(model, OSSICLE_PORT_OUTPUT, 0, name, sizeof name) == 10);
    CHECK(strcmp(name, "vad_output") == 0);
    CHECK(ossicle_inference_port(model, OSSICLE_PORT_INPUT, 3, &port) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_port(model, OSSICLE_PORT_STATE, 0, &port) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_port(model, 9, 0, &port) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_port(model, OSSICLE_PORT_INPUT, 0, NULL) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_text(model, OSSICLE_INFERENCE_ENGINE, name, sizeof name) == 7);
    CHECK(strcmp(name, "ossicle") == 0);
    CHECK(ossicle_inference_text(model, OSSICLE_INFERENCE_FUNCTION, name, 3) == 4 && strcmp(name, "ma") == 0);
    CHECK(ossicle_inference_text(model, OSSICLE_INFERENCE_PLAN, NULL, 0) > 100);
    CHECK(ossicle_inference_text(model, 9, NULL, 0) == 0);
    CHECK(ossicle_inference_function_name(model, 0, name, sizeof name) == 4);
    CHECK(ossicle_inference_function_name(model, 1, name, sizeof name) == 0);
    ossicle_inference_destroy(model);
}

// y = W x + b by hand: the weights come from the same file by the other way.
static void linear(void) {
    enum { ROWS = 3, IN = 24, OUT = 7 };
    ossicle_inference *model = load("generated/linear_fp32.mlmodelc", NULL);
    ossicle_coreml *file = NULL;
    ossicle_tensors *layer = NULL;
    ossicle_tensor weight = {.struct_size = sizeof weight}, bias = {.struct_size = sizeof bias};
    CHECK(ossicle_coreml_open(path("generated/linear_fp32.mlpackage"), NULL, &file) == OSSICLE_OK);
    CHECK(ossicle_coreml_load_layer(file, OSSICLE_LAYER_LINEAR, "y", 0, 0, NULL, &layer) == OSSICLE_OK);
    CHECK(ossicle_tensors_get(layer, 0, &weight) == OSSICLE_OK && weight.shape[0] == OUT &&
          weight.shape[1] == IN);
    CHECK(ossicle_tensors_get(layer, 1, &bias) == OSSICLE_OK && bias.shape[0] == OUT);
    float x[2][ROWS * IN], y[2][ROWS * OUT], z[2][ROWS * OUT];
    for (int i = 0; i < ROWS * IN; ++i) x[0][i] = sinf((float)i), x[1][i] = cosf((float)i);
    CHECK(ossicle_inference_predict_f32(model, x[0], ROWS * IN, y[0], ROWS * OUT) == OSSICLE_OK);
    double worst = 0;
    for (int r = 0; r < ROWS; ++r)
        for (int o = 0; o < OUT; ++o) {
            double sum = ((const float *)bias.data)[o];
            for (int i = 0; i < IN; ++i)
                sum += (double)((const float *)weight.data)[o * IN + i] * (double)x[0][r * IN + i];
            worst = fmax(worst, fabs(sum - (double)y[0][r * OUT + o]));
        }
    CHECK(worst < 1e-6);

    ossicle_buffer input = {x[1], sizeof x[1]}, output = {y[1], sizeof y[1]};
    CHECK(ossicle_inference_predict(model, &input, 1, &output, 1) == OSSICLE_OK);
    CHECK(ossicle_inference_predict_batch_f32(model, 2, x[0], 2 * ROWS * IN, z[0], 2 * ROWS * OUT) ==
          OSSICLE_OK);
    CHECK(memcmp(y, z, sizeof y) == 0);
    CHECK(ossicle_inference_predict_batch_f32(model, 0, NULL, 0, NULL, 0) == OSSICLE_OK);
    CHECK(ossicle_inference_predict_batch_f32(model, 2, x[0], 2 * ROWS * IN - 1, z[0], 2 * ROWS * OUT) ==
          OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_inference_predict_batch_f32(model, 1, x[0], 2 * ROWS * IN, z[0], 2 * ROWS * OUT) ==
          OSSICLE_SHAPE_MISMATCH);

    // Wrong sizes, missing buffers and overlap are refused, and nothing is written.
    memset(z, 0, sizeof z);
    CHECK(ossicle_inference_predict_f32(model, x[0], ROWS * IN - 1, z[0], ROWS * OUT) ==
          OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_inference_predict_f32(model, x[0], ROWS * IN, z[0], ROWS * OUT + 1) ==
          OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_inference_predict_f32(model, NULL, ROWS * IN, z[0], ROWS * OUT) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_predict_f32(model, x[0], ROWS * IN, NULL, ROWS * OUT) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_predict_f32(model, x[0], ROWS * IN, x[0], ROWS * OUT) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_predict(model, NULL, 1, &output, 1) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_predict(model, &input, 0, &output, 1) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_predict(model, &input, 2, &output, 1) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_predict(model, &input, 1, &output, 2) == OSSICLE_INVALID_ARGUMENT);
    for (int i = 0; i < ROWS * OUT; ++i) CHECK(z[0][i] == 0);
    // An output nobody wants may be left out.
    CHECK(ossicle_inference_predict(model, &input, 1, NULL, 0) == OSSICLE_OK);
    ossicle_tensors_destroy(layer);
    ossicle_coreml_destroy(file);
    ossicle_inference_destroy(model);
}

static void shapes_and_functions(void) {
    const char *names[] = {"x"};
    ossicle_shape shape = {.rank = 3, .extent = {1, 1, 1000}};
    ossicle_inference_options options = {
        .struct_size = sizeof options, .shape_names = names, .shapes = &shape, .shape_count = 1};
    ossicle_inference *model = load("generated/flexible_range_fp32.mlmodelc", &options), *none = NULL;
    ossicle_port port = {.struct_size = sizeof port};
    CHECK(ossicle_inference_port(model, OSSICLE_PORT_OUTPUT, 0, &port) == OSSICLE_OK);
    CHECK(port.rank == 3 && port.shape[2] == 1000);
    CHECK(ossicle_inference_destroy(model) == OSSICLE_OK);
    shape.extent[2] = 5000;
    CHECK(ossicle_inference_create(path("generated/flexible_range_fp32.mlmodelc"), &options, &none) ==
          OSSICLE_SHAPE_MISMATCH);
    CHECK(strstr(message_of(NULL), "4096") != NULL);
    shape.rank = OSSICLE_MAX_RANK + 1;
    CHECK(ossicle_inference_create(path("generated/flexible_range_fp32.mlmodelc"), &options, &none) ==
          OSSICLE_INVALID_ARGUMENT);
    names[0] = NULL;
    CHECK(ossicle_inference_create(path("generated/flexible_range_fp32.mlmodelc"), &options, &none) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(none == NULL);
    options = (ossicle_inference_options){.struct_size = sizeof options, .function = "relu_fn"};
    model = load("generated/multifunction_ios18.mlpackage", &options);
    char name[16];
    CHECK(ossicle_inference_text(model, OSSICLE_INFERENCE_FUNCTION, name, sizeof name) == 7);
    CHECK(strcmp(name, "relu_fn") == 0);
    ossicle_inference_destroy(model);
}

// The engine that was asked for runs; a caller that knows no engines gets what it always got. The function
// becomes a model of its own, with the same numbers.
static void engines(void) {
    ossicle_inference_options options = {.struct_size = sizeof options, .engine = OSSICLE_ENGINE_OSSICLE};
    ossicle_inference *model = load("generated/linear_fp32.mlmodelc", &options), *other;
    char name[16];
    CHECK(ossicle_inference_text(model, OSSICLE_INFERENCE_ENGINE, name, sizeof name) == 7);
    CHECK(strcmp(name, "ossicle") == 0);
    options.struct_size = offsetof(ossicle_inference_options, engine);
    options.engine = 99; // beyond the end of the caller's struct
    other = load("generated/linear_fp32.mlmodelc", &options);
    CHECK(ossicle_inference_destroy(other) == OSSICLE_OK);

    float x[72], y[21], z[21];
    for (int i = 0; i < 72; ++i) x[i] = cosf((float)i);
    CHECK(ossicle_inference_predict_f32(model, x, 72, y, 21) == OSSICLE_OK);
    ossicle_model *plain = NULL;
    CHECK(ossicle_inference_model(model, NULL) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_model(model, &plain) == OSSICLE_OK);
    CHECK(ossicle_inference_destroy(model) == OSSICLE_OK);
    CHECK(ossicle_inference_model(model, &plain) == OSSICLE_INVALID_HANDLE);
    ossicle_session *session = NULL;
    CHECK(ossicle_session_create(plain, NULL, 0, &session) == OSSICLE_OK);
    CHECK(ossicle_session_run_f32(session, x, 72, z, 21) == OSSICLE_OK);
    CHECK(memcmp(y, z, sizeof y) == 0);
    CHECK(ossicle_session_destroy(session) == OSSICLE_OK && ossicle_model_destroy(plain) == OSSICLE_OK);
    model = load("generated/embedding_int32_fp32.mlmodelc", NULL);
    CHECK(ossicle_inference_model(model, &plain) == OSSICLE_UNSUPPORTED);
    CHECK(strstr(message_of(model), "int32") != NULL);
    CHECK(ossicle_inference_destroy(model) == OSSICLE_OK);
}

// A state goes on from prediction to prediction, can be copied, and a reset forgets it.
static void states(void) {
    ossicle_inference *model = load("generated/stateful_stream_conv_fp16.mlpackage", NULL);
    ossicle_inference_info info = {.struct_size = sizeof info};
    ossicle_port port = {.struct_size = sizeof port};
    CHECK(ossicle_inference_info_get(model, &info) == OSSICLE_OK && info.state_count == 1);
    CHECK(ossicle_inference_port(model, OSSICLE_PORT_STATE, 0, &port) == OSSICLE_OK);
    CHECK(port.rank == 3 && port.shape[1] == 2 && port.shape[2] == 4 && port.dtype == OSSICLE_FLOAT32);
    float x[32], first[16], second[16], again[16], state[8], zero[8] = {0};
    for (int i = 0; i < 32; ++i) x[i] = sinf((float)i);
    CHECK(ossicle_inference_read_state(model, 0, state, sizeof state) == OSSICLE_OK);
    CHECK(memcmp(state, zero, sizeof state) == 0);
    CHECK(ossicle_inference_predict_f32(model, x, 32, first, 16) == OSSICLE_OK);
    CHECK(ossicle_inference_read_state(model, 0, state, sizeof state) == OSSICLE_OK);
    CHECK(memcmp(state, zero, sizeof state) != 0);
    CHECK(ossicle_inference_predict_f32(model, x, 32, second, 16) == OSSICLE_OK);
    CHECK(memcmp(first, second, sizeof first) != 0);
    CHECK(ossicle_inference_write_state(model, 0, state, sizeof state) == OSSICLE_OK);
    CHECK(ossicle_inference_predict_f32(model, x, 32, again, 16) == OSSICLE_OK);
    CHECK(memcmp(second, again, sizeof second) == 0);
    CHECK(ossicle_inference_reset_state(model) == OSSICLE_OK);
    CHECK(ossicle_inference_predict_f32(model, x, 32, again, 16) == OSSICLE_OK);
    CHECK(memcmp(first, again, sizeof first) == 0);
    CHECK(ossicle_inference_read_state(model, 1, state, sizeof state) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_read_state(model, 0, state, sizeof state - 4) == OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_inference_write_state(model, 0, state, sizeof state + 4) == OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_inference_write_state(model, 0, NULL, sizeof state) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_inference_read_state(NULL, 0, state, sizeof state) == OSSICLE_INVALID_HANDLE);
    ossicle_inference_destroy(model);
}

static void note(void *context, int32_t level) { *(int *)context = *(int *)context * 10 + level; }

static void memory(void) {
    ossicle_inference *model = load("real/silero_vad_v6/unified_int8.mlmodelc", NULL);
    static float audio[576], hidden[128], cell[128], probability[2], after[2][128];
    for (int i = 0; i < 576; ++i) audio[i] = 0.1f * sinf(0.1f * (float)i);
    ossicle_buffer inputs[] = {{audio, sizeof audio}, {hidden, sizeof hidden}, {cell, sizeof cell}};
    ossicle_buffer outputs[] = {
        {probability, sizeof(float)}, {after[0], sizeof after[0]}, {after[1], sizeof after[1]}};
    CHECK(ossicle_inference_predict(model, inputs, 3, outputs, 3) == OSSICLE_OK);
    CHECK(ossicle_inference_release_workspace(model) == OSSICLE_OK);
    CHECK(ossicle_inference_predict(model, inputs, 3, outputs, 3) == OSSICLE_NOT_READY);
    CHECK(ossicle_inference_prepare_workspace(model) == OSSICLE_OK);
    outputs[0].data = probability + 1;
    outputs[1].data = NULL; // not wanted this time
    CHECK(ossicle_inference_predict(model, inputs, 3, outputs, 3) == OSSICLE_OK);
    CHECK(probability[0] == probability[1] && probability[0] > 0 && probability[0] < 1);

    int levels = 0;
    ossicle_memory_observer *observer = NULL;
    ossicle_inference_info info = {.struct_size = sizeof info};
    CHECK(ossicle_memory_observer_create(note, &levels, NULL) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_memory_observer_create(note, &levels, &observer) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_watch(observer, model) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_WARNING) == OSSICLE_OK);
    CHECK(ossicle_inference_info_get(model, &info) == OSSICLE_OK && info.has_workspace == 1);
    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_CRITICAL) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_level(observer) == OSSICLE_MEMORY_CRITICAL);
    CHECK(ossicle_inference_info_get(model, &info) == OSSICLE_OK && info.has_workspace == 0);
    CHECK(ossicle_memory_observer_set_level(observer, 3) == OSSICLE_INVALID_ARGUMENT);
    CHECK(levels == 12);
    int32_t started = ossicle_memory_observer_start(observer); // not every system offers a source
    CHECK(started == OSSICLE_OK || started == OSSICLE_UNSUPPORTED);
    CHECK(ossicle_memory_observer_stop(observer) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_unwatch(observer, model) == OSSICLE_OK);
    CHECK(ossicle_inference_destroy(model) == OSSICLE_OK); // before its observer, on purpose
    CHECK(ossicle_memory_observer_destroy(observer) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_destroy(observer) == OSSICLE_INVALID_HANDLE);
}

typedef struct answers {
    ossicle_inference *asked[8];
    int count, levels;
    int32_t answer;
} answers;

static void note_level(void *context, int32_t level) {
    answers *all = (answers *)context;
    all->levels = all->levels * 10 + level;
}

static int32_t may_release(void *context, ossicle_inference *inference) {
    answers *all = (answers *)context;
    CHECK(all->levels % 10 == OSSICLE_MEMORY_CRITICAL); // the level is told first
    if (all->count < 8) all->asked[all->count++] = inference;
    return all->answer;
}

static int has_workspace(const ossicle_inference *model) {
    ossicle_inference_info info = {.struct_size = sizeof info};
    CHECK(ossicle_inference_info_get(model, &info) == OSSICLE_OK);
    return info.has_workspace;
}

static void permission(void) {
    ossicle_inference *models[] = {load("generated/linear_fp32.mlpackage", NULL),
                                   load("generated/linear_fp32.mlpackage", NULL)};
    answers all = {.answer = 0};
    ossicle_memory_observer *observer = NULL;
    CHECK(ossicle_memory_observer_create(note_level, &all, &observer) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_ask(NULL, may_release, &all) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_memory_observer_ask((ossicle_memory_observer *)models[0], may_release, &all) ==
          OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_memory_observer_ask(observer, may_release, &all) == OSSICLE_OK);
    for (int i = 0; i < 2; ++i) CHECK(ossicle_memory_observer_watch(observer, models[i]) == OSSICLE_OK);

    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_WARNING) == OSSICLE_OK);
    CHECK(all.count == 0);
    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_CRITICAL) == OSSICLE_OK);
    CHECK(all.count == 2 && all.asked[0] == models[0] && all.asked[1] == models[1]);
    CHECK(has_workspace(models[0]) && has_workspace(models[1])); // refused

    all.answer = 1;
    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_NORMAL) == OSSICLE_OK);
    CHECK(all.count == 2 && has_workspace(models[0]));
    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_CRITICAL) == OSSICLE_OK);
    CHECK(all.count == 4 && !has_workspace(models[0]) && !has_workspace(models[1])); // allowed
    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_NORMAL) == OSSICLE_OK);
    CHECK(!has_workspace(models[0])); // rebuilt by an explicit call only
    CHECK(ossicle_inference_prepare_workspace(models[0]) == OSSICLE_OK && has_workspace(models[0]));

    // Nobody to ask again; the other one has nothing to release.
    CHECK(ossicle_memory_observer_ask(observer, NULL, NULL) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_set_level(observer, OSSICLE_MEMORY_CRITICAL) == OSSICLE_OK);
    CHECK(all.count == 4 && !has_workspace(models[0]));
    CHECK(all.levels == 120202);
    for (int i = 0; i < 2; ++i) CHECK(ossicle_inference_destroy(models[i]) == OSSICLE_OK);
    CHECK(ossicle_memory_observer_destroy(observer) == OSSICLE_OK);
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    data = argv[1];
    wrong_files();
    wrong_handles();
    facts();
    linear();
    shapes_and_functions();
    engines();
    states();
    memory();
    permission();
    return summary("inference_test");
}
