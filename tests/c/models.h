// The folder of models that a test is given, and streams on them.
#ifndef MODELS_H
#define MODELS_H

#include "check.h"

static const char *folder;

static inline const char *file(const char *name) {
    static char path[4][1024];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static inline ossicle_stream *open_stream(const ossicle_model *model, int64_t max_block) {
    ossicle_stream_options options = {.struct_size = sizeof options, .max_block = max_block};
    ossicle_stream *stream = NULL;
    CHECK(ossicle_stream_create(model, &options, &stream) == OSSICLE_OK);
    return stream;
}

#endif
