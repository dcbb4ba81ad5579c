// Core ML files through the C interface: coreml_test DATA WORK, with tests/data/coreml and a folder to write
// into.
#include "check.h"

static const char *data, *work;

static const char *path(const char *root, const char *name) {
    static char buffer[4][1024];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(buffer[turn], sizeof buffer[turn], "%s/%s", root, name);
    return buffer[turn];
}

static ossicle_coreml *open_model(const char *name) {
    ossicle_coreml *coreml = NULL;
    CHECK(ossicle_coreml_open(path(data, name), NULL, &coreml) == OSSICLE_OK);
    if (!coreml) {
        fprintf(stderr, "%s\n", message_of(NULL));
        exit(1);
    }
    return coreml;
}

static void wrong_files(void) {
    ossicle_coreml *coreml = (ossicle_coreml *)(uintptr_t)data; // must stay as it is
    CHECK(ossicle_coreml_open(path(data, "none.mlpackage"), NULL, &coreml) == OSSICLE_IO);
    CHECK(strstr(message_of(NULL), "none.mlpackage") != NULL);
    CHECK(ossicle_coreml_open(data, NULL, &coreml) == OSSICLE_MALFORMED);
    CHECK(ossicle_coreml_open(NULL, NULL, &coreml) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_open(path(data, "generated/linear_fp32.mlpackage"), NULL, NULL) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_open(path(data, "generated/linear_fp32.mlpackage"), "nothing", &coreml) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(strstr(message_of(NULL), "nothing") != NULL);
    CHECK((const char *)coreml == data);
}

static void wrong_handles(void) {
    ossicle_coreml_weight weight = {.struct_size = sizeof weight};
    ossicle_tensor tensor = {.struct_size = sizeof tensor};
    ossicle_tensors *tensors = NULL;
    ossicle_coreml *coreml = open_model("generated/linear_fp32.mlpackage");
    CHECK(ossicle_coreml_load_all(coreml, NULL, &tensors) == OSSICLE_OK);
    ossicle_coreml *wrong[] = {NULL, (ossicle_coreml *)tensors, (ossicle_coreml *)&weight};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        float one;
        ossicle_tensors *none = NULL;
        CHECK(ossicle_coreml_destroy(wrong[i]) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_coreml_weight_count(wrong[i]) == 0);
        CHECK(ossicle_coreml_description(wrong[i], NULL, 0) == 0);
        CHECK(ossicle_coreml_weight_info(wrong[i], 0, &weight) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_coreml_weight_text(wrong[i], 0, OSSICLE_WEIGHT_NAME, NULL, 0) == 0);
        CHECK(ossicle_coreml_weight_read(wrong[i], "w", NULL, NULL, &one, 1) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_coreml_load_all(wrong[i], NULL, &none) == OSSICLE_INVALID_HANDLE && !none);
        CHECK(ossicle_coreml_load_weight(wrong[i], "w", NULL, NULL, &none) == OSSICLE_INVALID_HANDLE);
        CHECK(ossicle_coreml_load_layer(wrong[i], OSSICLE_LAYER_LINEAR, "w", 0, 0, NULL, &none) ==
              OSSICLE_INVALID_HANDLE);
    }
    CHECK(ossicle_tensors_count(NULL) == 0 && ossicle_tensors_count((ossicle_tensors *)coreml) == 0);
    CHECK(ossicle_tensors_get(NULL, 0, &tensor) == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_tensors_name(NULL, 0, NULL, 0) == 0);
    CHECK(ossicle_tensors_save(NULL, "x") == OSSICLE_INVALID_HANDLE);
    CHECK(ossicle_coreml_destroy(coreml) == OSSICLE_OK);
    CHECK(ossicle_coreml_weight_count(coreml) == 0);
    CHECK(ossicle_coreml_destroy(coreml) == OSSICLE_INVALID_HANDLE);
    // The list keeps what it needs of the files.
    CHECK(ossicle_tensors_get(tensors, 0, &tensor) == OSSICLE_OK);
    CHECK(tensor.byte_count >= sizeof(float) && *(const float *)tensor.data == *(const float *)tensor.data);
    CHECK(ossicle_tensors_destroy(tensors) == OSSICLE_OK);
    CHECK(ossicle_tensors_destroy(tensors) == OSSICLE_INVALID_HANDLE);
}

static size_t elements(const int64_t *shape, int32_t rank) {
    size_t count = 1;
    for (int32_t i = 0; i < rank; ++i) count *= (size_t)shape[i];
    return count;
}

// Every weight of a model, listed, read and compared with the list of all of them.
static void weights(const char *name) {
    ossicle_coreml *coreml = open_model(name);
    ossicle_tensors *all = NULL;
    CHECK(ossicle_coreml_load_all(coreml, NULL, &all) == OSSICLE_OK);
    int32_t count = ossicle_coreml_weight_count(coreml);
    CHECK(count > 0 && ossicle_tensors_count(all) == count);
    for (int32_t i = 0; i < count; ++i) {
        ossicle_coreml_weight weight = {.struct_size = sizeof weight};
        ossicle_tensor tensor = {.struct_size = sizeof tensor};
        char text[256], other[256];
        CHECK(ossicle_coreml_weight_info(coreml, i, &weight) == OSSICLE_OK);
        CHECK(ossicle_tensors_get(all, i, &tensor) == OSSICLE_OK);
        CHECK(ossicle_coreml_weight_text(coreml, i, OSSICLE_WEIGHT_DTYPE, text, sizeof text) > 0);
        CHECK(ossicle_coreml_weight_text(coreml, i, OSSICLE_WEIGHT_FILE, text, sizeof text) > 0);
        CHECK(strstr(text, name) != NULL);
        CHECK(ossicle_coreml_weight_text(coreml, i, 99, text, sizeof text) == 0);
        CHECK(ossicle_tensors_name(all, i, other, sizeof other) ==
              ossicle_coreml_weight_text(coreml, i, OSSICLE_WEIGHT_NAME, text, sizeof text));
        CHECK(strcmp(text, other) == 0);
        CHECK(weight.rank == tensor.rank && weight.byte_count > 0 && weight.offset >= -1);
        size_t size = elements(weight.shape, weight.rank);
        CHECK(tensor.dtype == OSSICLE_FLOAT32 && tensor.byte_count == size * sizeof(float));
        ossicle_shape shape = {.rank = weight.rank};
        memcpy(shape.extent, weight.shape, sizeof shape.extent);
        float *values = (float *)malloc(size * sizeof *values);
        CHECK(ossicle_coreml_weight_read(coreml, text, &shape, NULL, values, size) == OSSICLE_OK);
        CHECK(memcmp(values, tensor.data, tensor.byte_count) == 0);
        free(values);
    }
    ossicle_tensors_destroy(all);
    ossicle_coreml_destroy(coreml);
}

static void count_warning(void *context, const char *message) {
    CHECK(strstr(message, "vanishing") != NULL);
    ++*(int *)context;
}

static void wrong_reads(void) {
    ossicle_coreml *coreml = open_model("generated/lstm_uni_1layer_fp32.mlpackage");
    float values[4096];
    ossicle_shape wrong = {.rank = 1, .extent = {3}}, deep = {.rank = OSSICLE_MAX_RANK + 1};
    ossicle_coreml_weight weight = {.struct_size = sizeof weight};
    CHECK(ossicle_coreml_weight_read(coreml, "nothing", NULL, NULL, values, 1) == OSSICLE_WEIGHTS);
    CHECK(strstr(message_of(coreml), "nothing") != NULL);
    CHECK(ossicle_coreml_weight_read(coreml, "o_weight", &wrong, NULL, values, 32) == OSSICLE_WEIGHTS);
    CHECK(strstr(message_of(coreml), "[3]") && strstr(message_of(coreml), "[2, 16]"));
    CHECK(ossicle_coreml_weight_read(coreml, "o_weight", &deep, NULL, values, 32) ==
          OSSICLE_INVALID_ARGUMENT);
    values[31] = values[32] = 7;
    CHECK(ossicle_coreml_weight_read(coreml, "o_weight", NULL, NULL, values, 31) == OSSICLE_SHAPE_MISMATCH);
    CHECK(ossicle_coreml_weight_read(coreml, "o_weight", NULL, NULL, values, (size_t)-1) ==
          OSSICLE_SHAPE_MISMATCH);
    CHECK(values[31] == 7);
    CHECK(ossicle_coreml_weight_read(coreml, "o_weight", NULL, NULL, NULL, 32) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_weight_read(coreml, NULL, NULL, NULL, values, 32) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_weight_read(coreml, "o_weight", NULL, NULL, values, 32) == OSSICLE_OK);
    CHECK(values[31] != 7 && values[32] == 7);
    CHECK(ossicle_coreml_weight_info(coreml, -1, &weight) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_weight_info(coreml, 1000, &weight) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_weight_info(coreml, 0, NULL) == OSSICLE_INVALID_ARGUMENT);
    weight.struct_size = 3;
    CHECK(ossicle_coreml_weight_info(coreml, 0, &weight) == OSSICLE_INVALID_ARGUMENT);
    // A caller with an older, shorter struct gets what it knows, and nothing behind it.
    weight = (ossicle_coreml_weight){.struct_size = 8, .byte_count = -7};
    CHECK(ossicle_coreml_weight_info(coreml, 0, &weight) == OSSICLE_OK);
    CHECK(weight.rank > 0 && weight.shape[0] == 0 && weight.byte_count == -7);

    int warned = 0;
    ossicle_load_options options = {
        .struct_size = sizeof options, .on_warning = count_warning, .warning_context = &warned};
    ossicle_tensors *tensors = NULL;
    // Initial states are zero as they should be; a loop's constant of zeros is odd.
    CHECK(ossicle_coreml_load_all(coreml, &options, &tensors) == OSSICLE_OK && warned == 0);
    ossicle_tensors_destroy(tensors);
    ossicle_coreml_destroy(coreml);
    coreml = open_model("generated/gru_uni_1layer_fp32.mlpackage");
    CHECK(ossicle_coreml_load_all(coreml, &options, &tensors) == OSSICLE_OK && warned == 1);
    CHECK(ossicle_tensors_save(tensors, path(work, "no/such/folder")) == OSSICLE_IO);
    CHECK(strstr(message_of(tensors), "no/such/folder") != NULL);
    CHECK(ossicle_tensors_save(tensors, path(work, "w.safetensors")) == OSSICLE_OK);
    ossicle_tensors_destroy(tensors);
    ossicle_coreml_destroy(coreml);
}

// One weight by its name and by its label, without knowing its size.
static void one_weight(void) {
    ossicle_coreml *coreml = open_model("generated/quant_int8_perchannel_ios16.mlmodelc");
    const char *names[] = {"var_0_bias_to_fp16", "op_0_bias_to_fp16"};
    ossicle_tensors *found[2] = {NULL, NULL}, *none = NULL;
    ossicle_tensor tensor[2] = {{.struct_size = sizeof *tensor}, {.struct_size = sizeof *tensor}};
    ossicle_shape wrong = {.rank = 1, .extent = {3}};
    for (int i = 0; i < 2; ++i) {
        char name[64];
        CHECK(ossicle_coreml_load_weight(coreml, names[i], NULL, NULL, &found[i]) == OSSICLE_OK);
        CHECK(ossicle_tensors_count(found[i]) == 1);
        CHECK(ossicle_tensors_get(found[i], 0, &tensor[i]) == OSSICLE_OK && tensor[i].rank == 1);
        CHECK(ossicle_tensors_name(found[i], 0, name, sizeof name) && strcmp(name, names[i]) == 0);
        ossicle_shape shape = {.rank = 1, .extent = {tensor[i].shape[0]}};
        CHECK(ossicle_coreml_load_weight(coreml, names[i], &shape, NULL, &none) == OSSICLE_OK);
        CHECK(ossicle_tensors_destroy(none) == OSSICLE_OK);
        none = NULL;
        CHECK(ossicle_coreml_load_weight(coreml, names[i], &wrong, NULL, &none) == OSSICLE_WEIGHTS);
        CHECK(strstr(message_of(coreml), names[i]) && strstr(message_of(coreml), "[3]"));
    }
    CHECK(tensor[0].byte_count == tensor[1].byte_count && tensor[0].byte_count > 0);
    CHECK(memcmp(tensor[0].data, tensor[1].data, tensor[0].byte_count) == 0);
    CHECK(ossicle_coreml_load_weight(coreml, "nothing", NULL, NULL, &none) == OSSICLE_WEIGHTS);
    CHECK(ossicle_coreml_load_weight(coreml, NULL, NULL, NULL, &none) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_load_weight(coreml, names[0], NULL, NULL, NULL) == OSSICLE_INVALID_ARGUMENT);
    CHECK(none == NULL);
    for (int i = 0; i < 2; ++i) ossicle_tensors_destroy(found[i]);
    ossicle_coreml_destroy(coreml);
}

// A layer's weights go straight into a sequential.
static void layers(void) {
    ossicle_coreml *coreml = open_model("generated/lstm_uni_1layer_fp32.mlpackage");
    ossicle_tensors *lstm = NULL, *none = NULL;
    CHECK(ossicle_coreml_load_layer(coreml, OSSICLE_LAYER_LSTM, "", 0, 0, NULL, &lstm) == OSSICLE_OK);
    CHECK(ossicle_tensors_count(lstm) == 4);
    CHECK(ossicle_coreml_load_layer(coreml, OSSICLE_LAYER_LSTM, "", 1, 0, NULL, &none) == OSSICLE_WEIGHTS);
    CHECK(ossicle_coreml_load_layer(coreml, OSSICLE_LAYER_LSTM, "", -1, 0, NULL, &none) == OSSICLE_WEIGHTS);
    CHECK(ossicle_coreml_load_layer(coreml, OSSICLE_LAYER_GRU, "", 0, 0, NULL, &none) == OSSICLE_WEIGHTS);
    CHECK(ossicle_coreml_load_layer(coreml, 9, "", 0, 0, NULL, &none) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_load_layer(coreml, OSSICLE_LAYER_LSTM, NULL, 0, 0, NULL, &none) ==
          OSSICLE_INVALID_ARGUMENT);
    CHECK(none == NULL);
    ossicle_sequential *sequential = NULL;
    ossicle_model *model = NULL;
    ossicle_tensor tensor = {.struct_size = sizeof tensor};
    char name[64], arguments[128];
    CHECK(ossicle_tensors_get(lstm, 0, &tensor) == OSSICLE_OK && tensor.rank == 2);
    snprintf(arguments, sizeof arguments, "{\"input_size\": %d, \"hidden_size\": %d}", (int)tensor.shape[1],
             (int)tensor.shape[0] / 4);
    CHECK(ossicle_sequential_create(&sequential) == OSSICLE_OK);
    CHECK(ossicle_sequential_add(sequential, "LSTM", arguments, 0) == OSSICLE_OK);
    for (int32_t i = 0; i < 4; ++i) {
        CHECK(ossicle_tensors_get(lstm, i, &tensor) == OSSICLE_OK);
        CHECK(ossicle_tensors_name(lstm, i, name, sizeof name) < sizeof name);
        CHECK(ossicle_sequential_set_weight(sequential, name, tensor.dtype, tensor.shape, tensor.rank,
                                            tensor.data) == OSSICLE_OK);
    }
    CHECK(ossicle_sequential_build(sequential, NULL, &model) == OSSICLE_OK);
    CHECK(ossicle_tensors_get(lstm, 4, &tensor) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_tensors_get(lstm, -1, &tensor) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_tensors_name(lstm, 4, name, sizeof name) == 0);
    ossicle_model_destroy(model);
    ossicle_sequential_destroy(sequential);
    ossicle_tensors_destroy(lstm);
    ossicle_coreml_destroy(coreml);
}

static void compiling(void) {
    const char *package = path(data, "generated/linear_fp32.mlpackage");
    const char *target = path(work, "compiled.mlmodelc");
    CHECK(ossicle_coreml_compile(package, target, 1) == OSSICLE_OK);
    CHECK(ossicle_coreml_compile(package, target, 0) == OSSICLE_INVALID_ARGUMENT);
    CHECK(strstr(message_of(NULL), "compiled.mlmodelc") != NULL);
    CHECK(ossicle_coreml_compile(package, target, 1) == OSSICLE_OK);
    CHECK(ossicle_coreml_compile(NULL, target, 1) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_compile(package, NULL, 1) == OSSICLE_INVALID_ARGUMENT);
    CHECK(ossicle_coreml_compile(path(data, "generated/control_flow_fp32.mlpackage"),
                                 path(work, "refused.mlmodelc"), 1) == OSSICLE_UNSUPPORTED);
    ossicle_coreml *coreml = NULL;
    CHECK(ossicle_coreml_open(target, NULL, &coreml) == OSSICLE_OK);
    CHECK(ossicle_coreml_weight_count(coreml) == 2);
    CHECK(ossicle_coreml_destroy(coreml) == OSSICLE_OK);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    data = argv[1];
    work = argv[2];
    wrong_files();
    wrong_handles();
    weights("generated/lstm_uni_1layer_fp32.mlpackage");
    weights("generated/quant_int4_block_ios18.mlmodelc");
    weights("real/espresso_cardscan/FourRecognize.mlmodelc");
    weights("real/silero_vad_v6/unified_palette_4bit.mlmodelc");
    wrong_reads();
    one_weight();
    layers();
    compiling();
    return summary("coreml_test");
}
