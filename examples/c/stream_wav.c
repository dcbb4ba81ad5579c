// Plays a WAV file through an amp model the way a plug-in would: block by block.
//
//   cc stream_wav.c wav.c $(pkg-config --cflags --libs ossicle) -o stream_wav
//   ./stream_wav amp.nam guitar.wav out.wav [frames per block]
#include <ossicle.h>
#include <stdio.h>
#include <stdlib.h>
#include "wav.h"

static int fail(const char *what, const void *handle) {
    char message[512];
    ossicle_last_error(handle, message, sizeof message);
    fprintf(stderr, "%s: %s\n", what, message);
    return 1;
}

// Every channel gets a stream of its own: they share the model's weights and nothing else.
static int play(const ossicle_model *model, wav *sound, size_t block) {
    ossicle_stream_options options = {.struct_size = sizeof options, .max_block = (int64_t)block};
    float *x = malloc(block * sizeof *x), *y = malloc(block * sizeof *y);
    int result = x && y ? 0 : 1;
    for (uint32_t c = 0; result == 0 && c < sound->channels; ++c) {
        ossicle_stream *stream = NULL;
        ossicle_stream_info info = {.struct_size = sizeof info};
        if (ossicle_stream_create(model, &options, &stream) != OSSICLE_OK) {
            result = fail("stream", model);
            break;
        }
        ossicle_stream_info_get(stream, &info);
        if (info.input_channels != 1 || info.output_channels != 1) {
            fprintf(stderr, "the model is not mono in, mono out\n");
            result = 1;
        }
        for (size_t at = 0; result == 0 && at < sound->frames; at += block) {
            size_t frames = sound->frames - at < block ? sound->frames - at : block;
            for (size_t i = 0; i < frames; ++i) x[i] = sound->samples[(at + i) * sound->channels + c];
            int32_t status =
                ossicle_stream_process(stream, x, y, frames); // all that runs on the audio thread
            if (status != OSSICLE_OK) {
                fprintf(stderr, "process: %s\n", ossicle_status_text(status));
                result = 1;
            }
            for (size_t i = 0; i < frames; ++i) sound->samples[(at + i) * sound->channels + c] = y[i];
        }
        ossicle_stream_destroy(stream);
    }
    free(x);
    free(y);
    return result;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s MODEL IN.wav OUT.wav [FRAMES PER BLOCK]\n", argv[0]);
        return 2;
    }
    long block = argc > 4 ? strtol(argv[4], NULL, 10) : 64;
    if (block < 1 || block > 1 << 20) {
        fprintf(stderr, "a block has 1 to %d frames\n", 1 << 20);
        return 2;
    }
    ossicle_model *model = NULL;
    if (ossicle_model_load(argv[1], NULL, &model) != OSSICLE_OK) return fail("load", NULL);

    wav sound;
    const char *problem = wav_read(argv[2], &sound);
    int result = problem ? 1 : 0;
    if (problem) fprintf(stderr, "%s: %s\n", argv[2], problem);

    ossicle_model_info info = {.struct_size = sizeof info};
    ossicle_model_info_get(model, &info);
    if (!problem && info.sample_rate > 0 && info.sample_rate != sound.rate)
        fprintf(stderr, "warning: %s is at %u Hz, the model was trained at %g Hz\n", argv[2], sound.rate,
                info.sample_rate);

    if (result == 0) result = play(model, &sound, (size_t)block);
    if (result == 0 && (problem = wav_write(argv[3], &sound))) {
        fprintf(stderr, "%s: %s\n", argv[3], problem);
        result = 1;
    }
    free(sound.samples);
    ossicle_model_destroy(model);
    return result;
}
