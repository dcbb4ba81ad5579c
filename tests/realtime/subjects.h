// What the real-time tests run: every layer as a small model of its own, and every model file of a folder.
#ifndef SUBJECTS_H
#define SUBJECTS_H

#include <ossicle.h>

typedef struct {
    const char *name;
    ossicle_model *model;
    int streams; // 0: works on whole tensors only, so it is run through a session
} subject;

/// Builds the next layer of the table into `out`; 0 when the table is at its end. Ends the process on an
/// error.
int next_layer(size_t *index, subject *out);
/// How many modules of the engine the table leaves out; their names go to stderr.
int missing_layers(void);
/// Loads a model file. Ends the process on an error.
subject load_subject(const char *path);

/// A Core ML model with a buffer for each port.
typedef struct {
    const char *name;
    ossicle_inference *model;
    ossicle_buffer *inputs, *outputs;
    size_t input_count, output_count;
} inference_subject;

/// Whether a path is that of a Core ML model.
int is_inference(const char *path);
/// Loads one. Ends the process on an error.
inference_subject open_inference(const char *path);
void close_inference(inference_subject *s);

/// Ends the process with the library's message unless `status` is OSSICLE_OK.
void must(int32_t status, const void *handle, const char *what);
/// Uniform in -1 … 1, the same numbers on every machine.
float noise(unsigned *seed);

#endif
