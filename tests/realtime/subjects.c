#include "subjects.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 3 };
typedef struct {
    const char *name;
    struct {
        const char *module, *arguments, *weights; // weights: "name:8,1,3 name:8"
    } layers[MAX_LAYERS];
} recipe;

#define LIFT {"Conv1d", "{\"in_channels\":1,\"out_channels\":6,\"kernel_size\":1}", "weight:6,1,1 bias:6"}
#define AFTER_LIFT(name, module, arguments, weights)                                                         \
    {                                                                                                        \
        name, {                                                                                              \
            LIFT, { module, arguments, weights }                                                             \
        }                                                                                                    \
    }
#define PLAIN(module) AFTER_LIFT(module, module, NULL, "")

// Every module the engine knows is here, with the variants that take other ways through the kernels.
static const recipe recipes[] = {
    {"Linear", {{"Linear", "{\"in_features\":3,\"out_features\":7}", "weight:7,3 bias:7"}}},
    {"Linear, no bias",
     {{"Linear", "{\"in_features\":1,\"out_features\":16,\"bias\":false}", "weight:16,1"}}},
    {"LSTM",
     {{"LSTM", "{\"input_size\":1,\"hidden_size\":20}",
       "weight_ih_l0:80,1 weight_hh_l0:80,20 bias_ih_l0:80 bias_hh_l0:80"}}},
    {"LSTM, two layers, odd width",
     {{"LSTM", "{\"input_size\":2,\"hidden_size\":13,\"num_layers\":2}",
       "weight_ih_l0:52,2 weight_hh_l0:52,13 bias_ih_l0:52 bias_hh_l0:52 "
       "weight_ih_l1:52,13 weight_hh_l1:52,13 bias_ih_l1:52 bias_hh_l1:52"},
      {"Linear", "{\"in_features\":13,\"out_features\":1}", "weight:1,13 bias:1"}}},
    {"LSTM, bidirectional",
     {{"LSTM", "{\"input_size\":1,\"hidden_size\":4,\"bidirectional\":true}",
       "weight_ih_l0:16,1 weight_hh_l0:16,4 bias_ih_l0:16 bias_hh_l0:16 weight_ih_l0_reverse:16,1 "
       "weight_hh_l0_reverse:16,4 bias_ih_l0_reverse:16 bias_hh_l0_reverse:16"}}},
    {"GRU",
     {{"GRU", "{\"input_size\":1,\"hidden_size\":20}",
       "weight_ih_l0:60,1 weight_hh_l0:60,20 bias_ih_l0:60 bias_hh_l0:60"}}},
    {"GRU, odd width, no bias",
     {{"GRU", "{\"input_size\":3,\"hidden_size\":11,\"bias\":false}",
       "weight_ih_l0:33,3 weight_hh_l0:33,11"}}},
    {"Conv1d, causal",
     {{"Conv1d",
       "{\"in_channels\":1,\"out_channels\":8,\"kernel_size\":3,\"dilation\":7,\"padding\":\"causal\"}",
       "weight:8,1,3 bias:8"}}},
    {"Conv1d, grouped",
     {{"Conv1d",
       "{\"in_channels\":6,\"out_channels\":12,\"kernel_size\":4,\"groups\":3,\"padding\":\"causal\"}",
       "weight:12,2,4 bias:12"}}},
    {"Conv1d, depthwise, long",
     {{"Conv1d",
       "{\"in_channels\":5,\"out_channels\":5,\"kernel_size\":33,\"groups\":5,\"padding\":\"causal\"}",
       "weight:5,1,33 bias:5"}}},
    {"Conv1d, strided",
     {{"Conv1d",
       "{\"in_channels\":1,\"out_channels\":9,\"kernel_size\":8,\"stride\":4,\"padding\":\"causal\"}",
       "weight:9,1,8 bias:9"}}},
    {"Conv1d, padded on both sides",
     {{"Conv1d", "{\"in_channels\":1,\"out_channels\":4,\"kernel_size\":5,\"padding\":2}",
       "weight:4,1,5 bias:4"}}},
    {"ConvTranspose1d",
     {{"ConvTranspose1d", "{\"in_channels\":3,\"out_channels\":2,\"kernel_size\":8,\"stride\":4}",
       "weight:3,2,8 bias:2"}}},
    AFTER_LIFT("BatchNorm1d", "BatchNorm1d", "{\"num_features\":6}",
               "weight:6 bias:6 running_mean:6 running_var:6"),
    AFTER_LIFT("InstanceNorm1d", "InstanceNorm1d", "{\"num_features\":6}", ""),
    AFTER_LIFT("GroupNorm", "GroupNorm", "{\"num_groups\":2,\"num_channels\":6}", "weight:6 bias:6"),
    {"LayerNorm",
     {{"Linear", "{\"in_features\":1,\"out_features\":6}", "weight:6,1 bias:6"},
      {"LayerNorm", "{\"normalized_shape\":[6]}", "weight:6 bias:6"}}},
    {"RMSNorm",
     {{"Linear", "{\"in_features\":1,\"out_features\":6}", "weight:6,1 bias:6"},
      {"RMSNorm", "{\"normalized_shape\":[6]}", "weight:6"}}},
    PLAIN("ReLU"),
    PLAIN("ReLU6"),
    PLAIN("SELU"),
    PLAIN("Tanh"),
    PLAIN("FastTanh"),
    PLAIN("Sigmoid"),
    PLAIN("SiLU"),
    PLAIN("Softsign"),
    PLAIN("Softplus"),
    PLAIN("Mish"),
    PLAIN("ELU"),
    PLAIN("GELU"),
    AFTER_LIFT("GELU, tanh", "GELU", "{\"approximate\":\"tanh\"}", ""),
    PLAIN("Hardtanh"),
    PLAIN("Hardsigmoid"),
    PLAIN("Hardswish"),
    AFTER_LIFT("LeakyReLU", "LeakyReLU", "{\"negative_slope\":0.1}", ""),
    AFTER_LIFT("PReLU", "PReLU", "{\"num_parameters\":6}", "weight:6"),
    AFTER_LIFT("Softmax", "Softmax", "{\"dim\":0}", ""),
    AFTER_LIFT("LogSoftmax", "LogSoftmax", "{\"dim\":0}", ""),
    AFTER_LIFT("GLU", "GLU", "{\"dim\":0}", ""),
    AFTER_LIFT("MaxPool1d", "MaxPool1d", "{\"kernel_size\":2}", ""),
    AFTER_LIFT("AvgPool1d", "AvgPool1d", "{\"kernel_size\":2}", ""),
    AFTER_LIFT("AdaptiveAvgPool1d", "AdaptiveAvgPool1d", "{\"output_size\":1}", ""),
    AFTER_LIFT("AdaptiveMaxPool1d", "AdaptiveMaxPool1d", "{\"output_size\":4}", ""),
    AFTER_LIFT("Upsample", "Upsample", "{\"scale_factor\":2}", ""),
    AFTER_LIFT("Upsample, linear", "Upsample", "{\"scale_factor\":3,\"mode\":\"linear\"}", ""),
    AFTER_LIFT("ZeroPad1d", "ZeroPad1d", "{\"padding\":[2,1]}", ""),
    AFTER_LIFT("ConstantPad1d", "ConstantPad1d", "{\"padding\":[2,1],\"value\":0.5}", ""),
    AFTER_LIFT("ReflectionPad1d", "ReflectionPad1d", "{\"padding\":[2,1]}", ""),
    AFTER_LIFT("ReplicationPad1d", "ReplicationPad1d", "{\"padding\":[2,1]}", ""),
    AFTER_LIFT("CircularPad1d", "CircularPad1d", "{\"padding\":[2,1]}", ""),
    AFTER_LIFT("Permute", "Permute", "{\"dims\":[1,0]}", ""),
    AFTER_LIFT("Flatten", "Flatten", "{\"start_dim\":0}", ""),
    PLAIN("Identity"),
    PLAIN("Dropout"),
};
enum { RECIPES = sizeof recipes / sizeof *recipes };

float noise(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) * (2.0f / 16777215.0f) - 1.0f;
}

void must(int32_t status, const void *handle, const char *what) {
    if (status == OSSICLE_OK) return;
    char message[512] = "";
    ossicle_last_error(handle, message, sizeof message);
    fprintf(stderr, "%s: %s: %s\n", what, ossicle_status_text(status), message);
    exit(1);
}

// Gives one weight as "name:8,1,3" describes it, filled with small deterministic numbers (variances
// positive).
static void set_weight(ossicle_sequential *sequential, int layer, const char *text, unsigned *seed) {
    int64_t shape[OSSICLE_MAX_RANK], count = 1;
    int32_t rank = 0;
    const char *colon = strchr(text, ':');
    char name[128];
    snprintf(name, sizeof name, "%d.%.*s", layer, (int)(colon - text), text);
    for (char *at = (char *)colon; *at == ':' || *at == ',';) {
        shape[rank] = strtoll(at + 1, &at, 10);
        count *= shape[rank++];
    }
    float *data = malloc((size_t)count * sizeof *data);
    for (int64_t i = 0; i < count; ++i) data[i] = 0.25f * noise(seed) + (strstr(name, "var") ? 0.75f : 0.0f);
    must(ossicle_sequential_set_weight(sequential, name, OSSICLE_FLOAT32, shape, rank, data), sequential,
         name);
    free(data);
}

// The engine's own list of modules: it is in the message about one that does not exist.
static const char *known_modules(void) {
    static char message[4096];
    static const char *list;
    if (list) return list;
    ossicle_sequential *sequential = NULL;
    must(ossicle_sequential_create(&sequential), NULL, "create");
    ossicle_sequential_add(sequential, "no such module", NULL, 0);
    ossicle_last_error(sequential, message, sizeof message - 1);
    ossicle_sequential_destroy(sequential);
    list = strstr(message, "known are ");
    if (!list) {
        fprintf(stderr, "the engine does not list its modules: %s\n", message);
        exit(1);
    }
    list += strlen("known are");
    strcat(message, ",");
    return list;
}

static int is_known(const char *module) {
    char listed[128];
    snprintf(listed, sizeof listed, " %s,", module);
    return strstr(known_modules(), listed) != NULL;
}

int missing_layers(void) {
    char list[4096];
    int missing = 0;
    snprintf(list, sizeof list, "%s", known_modules());
    for (char *name = strtok(list, ", "); name; name = strtok(NULL, ", ")) {
        int found = 0;
        for (size_t i = 0; i < RECIPES; ++i)
            for (int l = 0; l < MAX_LAYERS && recipes[i].layers[l].module; ++l)
                found |= strcmp(recipes[i].layers[l].module, name) == 0;
        if (!found) fprintf(stderr, "FAILED %s: no recipe in subjects.c\n", name);
        missing += !found;
    }
    return missing;
}

int next_layer(size_t *index, subject *out) {
    const recipe *r = NULL;
    while (*index < RECIPES && !r) {
        r = &recipes[(*index)++];
        for (int l = 0; l < MAX_LAYERS && r && r->layers[l].module; ++l)
            if (!is_known(r->layers[l].module)) r = NULL;
    }
    if (!r) return 0;
    ossicle_sequential *sequential = NULL;
    unsigned seed = 1;
    must(ossicle_sequential_create(&sequential), NULL, r->name);
    for (int i = 0; i < MAX_LAYERS && r->layers[i].module; ++i)
        must(ossicle_sequential_add(sequential, r->layers[i].module, r->layers[i].arguments, 0), sequential,
             r->name);
    for (int i = 0; i < MAX_LAYERS && r->layers[i].module; ++i) {
        char weights[256];
        snprintf(weights, sizeof weights, "%s", r->layers[i].weights);
        for (char *one = strtok(weights, " "); one; one = strtok(NULL, " "))
            set_weight(sequential, i, one, &seed);
    }
    out->name = r->name;
    must(ossicle_sequential_build(sequential, NULL, &out->model), sequential, r->name);
    must(ossicle_sequential_destroy(sequential), NULL, r->name);
    ossicle_model_info info = {.struct_size = sizeof info};
    must(ossicle_model_info_get(out->model, &info), out->model, r->name);
    out->streams = info.streamable;
    return 1;
}

subject load_subject(const char *path) {
    const char *slash = strrchr(path, '/');
    subject s = {.name = slash ? slash + 1 : path};
    must(ossicle_model_load(path, NULL, &s.model), NULL, path);
    ossicle_model_info info = {.struct_size = sizeof info};
    must(ossicle_model_info_get(s.model, &info), s.model, path);
    s.streams = info.streamable;
    return s;
}
