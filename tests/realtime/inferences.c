// Core ML models as subjects of the real-time tests: a model with a buffer for each of its ports.
#include "subjects.h"
#include <stdlib.h>
#include <string.h>

static size_t element_size(int32_t dtype) { return dtype == OSSICLE_BOOL ? 1 : 4; }

// One buffer for each port of a kind; integers are small and not negative, so that they may be indices.
static ossicle_buffer *buffers(const ossicle_inference *model, int32_t kind, int32_t count, unsigned *seed) {
    ossicle_buffer *all = calloc((size_t)count + 1, sizeof *all);
    for (int32_t i = 0; i < count; ++i) {
        ossicle_port port = {.struct_size = sizeof port};
        must(ossicle_inference_port(model, kind, i, &port), model, "port");
        size_t elements = 1;
        for (int32_t axis = 0; axis < port.rank; ++axis) elements *= (size_t)port.shape[axis];
        all[i].byte_count = elements * element_size(port.dtype);
        all[i].data = calloc(elements, element_size(port.dtype));
        if (kind != OSSICLE_PORT_INPUT) continue;
        for (size_t e = 0; e < elements; ++e) {
            float value = noise(seed);
            if (port.dtype == OSSICLE_FLOAT32) ((float *)all[i].data)[e] = 0.5f * value;
            if (port.dtype == OSSICLE_INT32) ((int32_t *)all[i].data)[e] = value > 0;
        }
    }
    return all;
}

int is_inference(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".mlpackage") == 0 || strcmp(dot, ".mlmodelc") == 0);
}

inference_subject open_inference(const char *path) {
    const char *slash = strrchr(path, '/');
    inference_subject s = {.name = slash ? slash + 1 : path};
    unsigned seed = 11;
    ossicle_inference_info info = {.struct_size = sizeof info};
    must(ossicle_inference_create(path, NULL, &s.model), NULL, path);
    must(ossicle_inference_info_get(s.model, &info), s.model, path);
    s.input_count = (size_t)info.input_count;
    s.output_count = (size_t)info.output_count;
    s.inputs = buffers(s.model, OSSICLE_PORT_INPUT, info.input_count, &seed);
    s.outputs = buffers(s.model, OSSICLE_PORT_OUTPUT, info.output_count, &seed);
    return s;
}

void close_inference(inference_subject *s) {
    must(ossicle_inference_destroy(s->model), NULL, s->name);
    for (size_t i = 0; i < s->input_count; ++i) free(s->inputs[i].data);
    for (size_t i = 0; i < s->output_count; ++i) free(s->outputs[i].data);
    free(s->inputs);
    free(s->outputs);
}
