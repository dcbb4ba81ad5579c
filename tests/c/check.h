// A test that fails says where and goes on; the program's exit status tells the number of failures.
#ifndef CHECK_H
#define CHECK_H

#include <ossicle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks, failed;
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        ++checks;                                                                                            \
        if (!(condition)) {                                                                                  \
            ++failed;                                                                                        \
            fprintf(stderr, "%s:%d: FAILED %s\n", __FILE__, __LINE__, #condition);                           \
        }                                                                                                    \
    } while (0)

static inline int summary(const char *name) {
    printf("%s: %d checks, %d failed\n", name, checks, failed);
    return failed != 0;
}

// The message of the last failure; the buffer is reused by the next call.
static inline const char *message_of(const void *handle) {
    static char buffer[1024];
    buffer[0] = 0;
    ossicle_last_error(handle, buffer, sizeof buffer);
    return buffer;
}

// What a load or build with this `compute` must have answered. Off Apple's systems there is no GPU to ask
// for.
static inline void check_compute(int32_t compute, int32_t status, const void *blamed) {
    if (compute < 0 || compute > OSSICLE_COMPUTE_GPU)
        CHECK(status == OSSICLE_INVALID_ARGUMENT && strstr(message_of(blamed), "compute") != NULL);
#ifndef __APPLE__
    else if (compute == OSSICLE_COMPUTE_GPU)
        CHECK(status == OSSICLE_UNSUPPORTED && strstr(message_of(blamed), "gpu") != NULL);
    else
        CHECK(status == OSSICLE_OK);
#endif
}

// Raw little-endian float32, as the reference files are; ends the process when there is no such file.
static inline float *read_floats(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file) / sizeof(float);
    rewind(file);
    float *values = (float *)malloc(*count * sizeof *values);
    if (!values || fread(values, sizeof *values, *count, file) != *count) exit(2);
    fclose(file);
    return values;
}

#endif
