// The reference cases that goldens.py wrote.
#ifndef GOLDEN_FILE_H
#define GOLDEN_FILE_H
#include "kernel_test.h"

typedef enum module {
    LINEAR,
    RECURRENT,
    CONV,
    UNARY,
    PRELU,
    AFFINE,
    NORMALIZE,
    SOFTMAX,
    POOL,
    REDUCE,
    TAKE,
    LERP,
    GLU
} module;
enum { INPUT, OUTPUT, WEIGHT, BIAS, MOST_TENSORS = 32 };

typedef struct tensor {
    int32_t shape[4];
    int64_t count;
    float *data;
} tensor;

typedef struct golden {
    char name[40];
    int32_t module, integers[12];
    float absolute, relative, numbers[2];
    int32_t tensor_count;
    tensor tensors[MOST_TENSORS];
} golden;

static inline int read_golden(FILE *file, golden *g) {
    size_t head = offsetof(golden, tensor_count) + sizeof g->tensor_count;
    if (fread(g, head, 1, file) != 1 || g->tensor_count < 2 || g->tensor_count > MOST_TENSORS) return 0;
    for (tensor *t = g->tensors; t < g->tensors + g->tensor_count; ++t) {
        if (fread(t->shape, sizeof t->shape, 1, file) != 1) return 0;
        t->count = 1;
        for (int axis = 0; axis < 4; ++axis) t->count *= t->shape[axis];
        t->data = malloc((size_t)t->count * sizeof(float));
        if (fread(t->data, sizeof(float), (size_t)t->count, file) != (size_t)t->count) return 0;
    }
    return 1;
}

#endif
