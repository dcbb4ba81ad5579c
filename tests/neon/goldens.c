// Runs images of planned programs (tests/swift/NEON/ProgramImage.swift), whole or block by block, on this
// machine's kernels and compares with the expected outputs.
//
//   goldens ISA IMAGE...            each must match
//   goldens --spoiled ISA IMAGE...  one value of every expected output is changed, so each must fail
#include "ok_kernels.h"
#include "ok_stream.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *path;
    unsigned char *bytes;
    size_t size, at;
} reader;

static void fail(const reader *r, const char *what) {
    fprintf(stderr, "%s: %s at byte %zu\n", r->path, what, r->at);
    exit(2);
}

static const void *take(reader *r, size_t count) {
    size_t padded = (count + 7) / 8 * 8;
    if (padded < count || padded > r->size - r->at) fail(r, "the file ends too early");
    const void *start = r->bytes + r->at;
    r->at += padded;
    return start;
}

static int64_t number(reader *r) {
    int64_t value;
    memcpy(&value, take(r, sizeof value), sizeof value);
    return value;
}

static size_t count_of(reader *r, int64_t limit) {
    int64_t value = number(r);
    if (value < 0 || value > limit) fail(r, "a count is out of range");
    return (size_t)value;
}

static reader open_image(const char *path) {
    reader r = {path, NULL, 0, 0};
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) || (long)(r.size = (size_t)ftell(file)) < 0)
        fail(&r, "cannot be read");
    rewind(file);
    r.bytes = malloc(r.size + 1);
    if (!r.bytes || fread(r.bytes, 1, r.size, file) != r.size) fail(&r, "cannot be read");
    fclose(file);
    if (memcmp(take(&r, 8), "OKIMAGE2", 8) != 0) fail(&r, "not an image");
    return r;
}

static ok_kernel function(reader *r, const ok_kernels *table, int64_t index) {
    static const ok_kernel others[] = {ok_view, ok_mute, ok_skip};
    const size_t count = (sizeof *table - offsetof(ok_kernels, ok_unary)) / sizeof(ok_kernel);
    if (index >= 1000 && index < 1000 + (int64_t)(sizeof others / sizeof *others))
        return others[index - 1000];
    if (index < 0 || (size_t)index >= count) fail(r, "no such kernel");
    return (&table->ok_unary)[index];
}

static ok_instance *load(reader *r, const ok_kernels *table) {
    if (number(r) != table->lanes || number(r) != table->conv_rows || number(r) != table->transform_vectors)
        fail(r, "planned for another kernel table");
    size_t blocks = count_of(r, 1 << 20);
    unsigned char **start = calloc(blocks, sizeof *start);
    size_t *size = calloc(blocks, sizeof *size);
    for (size_t i = 0; i < blocks; ++i) {
        size[i] = count_of(r, 1 << 30);
        start[i] = aligned_alloc(64, (size[i] + 127) / 64 * 64);
        memcpy(start[i], take(r, size[i]), size[i]);
    }
    for (size_t left = count_of(r, 1 << 28); left > 0; --left) {
        size_t block = count_of(r, (int64_t)blocks - 1), offset = count_of(r, 1 << 30);
        int64_t target = number(r), place = number(r);
        if (offset + 8 > size[block] || target >= (int64_t)blocks || target < -1)
            fail(r, "a pointer is out of range");
        if (target < 0) {
            ok_kernel kernel = function(r, table, place);
            memcpy(start[block] + offset, &kernel, sizeof kernel);
        } else {
            unsigned char *address = start[target] + place;
            if (place < 0 || (size_t)place >= size[target]) fail(r, "a pointer is out of range");
            memcpy(start[block] + offset, &address, sizeof address);
        }
    }
    size_t home = count_of(r, (int64_t)blocks - 1), offset = count_of(r, 1 << 30);
    if (offset + sizeof(ok_instance) > size[home]) fail(r, "no instance");
    ok_instance *instance = (ok_instance *)(void *)(start[home] + offset);
    free(start);
    free(size);
    return instance;
}

// The largest error as a multiple of the tolerance; NaN counts as infinite.
static double worst_of(const float *found, const float *expected, size_t count, double absolute,
                       double relative) {
    double worst = 0;
    for (size_t i = 0; i < count; ++i) {
        double error =
            fabs((double)found[i] - expected[i]) / (absolute + relative * fabs((double)expected[i]));
        if (isnan(found[i]) && isnan(expected[i])) error = 0;
        if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
    }
    return worst;
}

typedef struct expectation {
    const float *values[8];
    ok_buffer outputs[8];
    size_t count;
} expectation;

// One run, or one block of a stream. Memory is left to the end of the process: an image has no destructor.
static int32_t run(reader *r, ok_instance *instance, expectation *e) {
    ok_buffer inputs[8];
    int64_t frames = number(r);
    size_t input_count = count_of(r, 8);
    for (size_t i = 0; i < input_count; ++i) {
        inputs[i].byte_count = count_of(r, 1 << 30);
        inputs[i].data = malloc(inputs[i].byte_count + 1);
        memcpy(inputs[i].data, take(r, inputs[i].byte_count), inputs[i].byte_count);
    }
    e->count = count_of(r, 8);
    for (size_t i = 0; i < e->count; ++i) {
        ok_buffer *output = &e->outputs[i];
        output->byte_count = count_of(r, 1 << 28) * sizeof(float);
        e->values[i] = take(r, output->byte_count);
        output->data = malloc(output->byte_count);
        memset(output->data, 0xff, output->byte_count);
    }
    if (frames == 0) return ok_instance_run(instance, 1, inputs, input_count, e->outputs, e->count);
    if (input_count != 1 || e->count != 1) fail(r, "a stream has one input and one output");
    return ok_instance_process(instance, inputs[0].data, e->outputs[0].data, frames);
}

// The worst error of an image's runs.
static double judge(const char *path, const ok_kernels *table, bool spoiled) {
    reader r = open_image(path);
    ok_instance *instance = load(&r, table);
    size_t runs = count_of(&r, 64);
    expectation *all = calloc(runs, sizeof *all);
    for (size_t i = 0; i < runs; ++i) {
        int32_t status = run(&r, instance, &all[i]);
        if (status != OK_SUCCESS) {
            fprintf(stderr, "%s: run %zu: status %d\n", path, i, status);
            return INFINITY;
        }
    }
    double tolerance[2], worst = 0;
    memcpy(tolerance, take(&r, sizeof tolerance), sizeof tolerance);
    for (size_t i = 0; i < runs; ++i)
        for (size_t k = 0; k < all[i].count; ++k) {
            size_t count = all[i].outputs[k].byte_count / sizeof(float);
            float *found = all[i].outputs[k].data;
            if (spoiled && count) found[count / 2] += fabsf(found[count / 2]) * 0.01f + 0.01f;
            double error = worst_of(found, all[i].values[k], count, tolerance[0], tolerance[1]);
            if (error > worst) worst = error;
        }
    free(all);
    return worst;
}

int main(int argc, char **argv) {
    bool spoiled = argc > 1 && strcmp(argv[1], "--spoiled") == 0;
    argv += spoiled, argc -= spoiled;
    const ok_kernels *table = argc > 2 ? ok_kernels_named(argv[1]) : NULL;
    if (!table) {
        fprintf(stderr, "usage: goldens [--spoiled] ISA IMAGE...\n");
        return 2;
    }
    int wrong = 0;
    double most = 0;
    for (int i = 2; i < argc; ++i) {
        double worst = judge(argv[i], table, spoiled);
        if ((worst <= 1) == spoiled) {
            printf("FAIL %s: %g times the tolerance\n", argv[i], worst);
            ++wrong;
        }
        if (worst > most) most = worst;
    }
    printf("%d images on %s, %d wrong, worst %.3g of the tolerance%s\n", argc - 2, argv[1], wrong, most,
           spoiled ? " (spoiled on purpose)" : "");
    return wrong != 0;
}
