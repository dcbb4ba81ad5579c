// One model, several threads, each with a stream of its own, while others load and destroy: same output
// everywhere. Built with ThreadSanitizer, it also shows that nothing is shared without order.
#include <pthread.h>
#include "check.h"

enum { THREADS = 4, FRAMES = 4096, BLOCK = 64 };
static ossicle_model *model;
static const char *path;
static float input[FRAMES], outputs[THREADS][FRAMES];

static void *play(void *argument) {
    float *y = argument;
    ossicle_stream *stream = NULL;
    ossicle_stream_options options = {.struct_size = sizeof options, .max_block = BLOCK};
    if (ossicle_stream_create(model, &options, &stream) != OSSICLE_OK) return (void *)"create";
    for (int at = 0; at < FRAMES; at += BLOCK)
        if (ossicle_stream_process(stream, input + at, y + at, BLOCK) != OSSICLE_OK) return (void *)"process";
    ossicle_model *own = NULL;
    if (ossicle_model_load(path, NULL, &own) != OSSICLE_OK) return (void *)"load";
    char message[256];
    ossicle_model *none = NULL;
    if (ossicle_model_load("missing.nam", NULL, &none) != OSSICLE_IO) return (void *)"missing";
    if (ossicle_last_error(NULL, message, sizeof message) == 0) return (void *)"message";
    ossicle_model_destroy(own);
    ossicle_stream_destroy(stream);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    path = argv[1];
    CHECK(ossicle_model_load(path, NULL, &model) == OSSICLE_OK);
    for (int i = 0; i < FRAMES; ++i) input[i] = (float)(i * 7919 % 1000) / 1000.0f - 0.5f;
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; ++t) CHECK(pthread_create(&threads[t], NULL, play, outputs[t]) == 0);
    for (int t = 0; t < THREADS; ++t) {
        void *problem = NULL;
        pthread_join(threads[t], &problem);
        CHECK(problem == NULL);
        CHECK(memcmp(outputs[0], outputs[t], sizeof outputs[0]) == 0);
    }
    CHECK(ossicle_model_destroy(model) == OSSICLE_OK);
    return summary("threads_test");
}
