// Chunks with and without overlap, and timed stages, over a program made by hand: y = 2 x + (frames since its
// state was cleared), so that both the signal and where a run began can be read off the output.
#include "kernel_test.h"
#include "ok_overlap.h"
#include "ok_timing.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 0, OUT = 1, COUNT = 2 };
typedef struct {
    int64_t inputs, outputs, frames;
} shape;

static void ramp(const void *args, ok_context *context) OK_REALTIME {
    const shape *s = args;
    const float *x = context->slots[IN];
    float *y = context->slots[OUT], *count = context->slots[COUNT];
    for (int64_t c = 0; c < s->outputs; ++c)
        for (int64_t t = 0; t < s->frames; ++t)
            y[c * s->frames + t] =
                2 * x[(c % s->inputs) * s->frames + t] + (float)(c + 1) * (*count + (float)t);
    *count += (float)s->frames;
}
static void nothing(const void *args, ok_context *context) OK_REALTIME {
    (void)args;
    (void)context;
}

typedef struct {
    shape s;
    ok_step steps[3];
    ok_program program;
    ok_instance instance;
    void *slots[3], *sink;
    int64_t dims[1];
    float count, image;
    int32_t input_slot, output_slot;
    ok_len in_bytes, out_bytes;
    unsigned char optional;
    ok_overlap overlap;
    float *memory, *fade;
} rig;

static void build(rig *r, int64_t inputs, int64_t outputs, int64_t chunk, int64_t common) {
    memset(r, 0, sizeof *r);
    r->s = (shape){inputs, outputs, chunk};
    r->steps[0].run = r->steps[2].run = nothing;
    r->steps[1] = (ok_step){ramp, &r->s};
    r->program = (ok_program){.steps = r->steps, .step_count = 3, .granularity = 1};
    r->program.max_length = common ? 0 : chunk;
    r->slots[COUNT] = &r->count;
    r->output_slot = OUT;
    r->in_bytes = inputs * chunk * 4, r->out_bytes = outputs * chunk * 4;
    r->instance =
        (ok_instance){.program = &r->program, .input_slots = &r->input_slot, .output_slots = &r->output_slot};
    r->instance.context = (ok_context){.slots = r->slots, .dims = r->dims, .evaluated = -1};
    r->instance.input_count = r->instance.output_count = 1;
    r->instance.state = (unsigned char *)&r->count, r->instance.image = (unsigned char *)&r->image;
    r->instance.state_bytes = sizeof r->count;
    r->instance.input_bytes = &r->in_bytes, r->instance.output_bytes = &r->out_bytes;
    r->instance.optional = &r->optional, r->instance.sinks = &r->sink;
    int64_t hop = chunk - common;
    size_t floats = (size_t)(inputs * chunk + outputs * (chunk + hop + common));
    r->memory = malloc(floats * sizeof(float));
    r->fade = malloc((size_t)(common + 1) * sizeof(float));
    for (int64_t i = 0; i < common; ++i) r->fade[i] = (float)(i + 1) / (float)(common + 1);
    r->overlap = (ok_overlap){.instance = &r->instance,
                              .input_channels = inputs,
                              .output_channels = outputs,
                              .chunk = chunk,
                              .hop = hop,
                              .fade = r->fade,
                              .memory = r->memory,
                              .memory_bytes = floats * sizeof(float),
                              .input = r->memory};
    r->overlap.result = r->overlap.input + inputs * chunk;
    r->overlap.ready = r->overlap.result + outputs * chunk;
    r->overlap.tail = r->overlap.ready + outputs * hop;
    ok_overlap_reset(&r->overlap);
}

// What frame t of the signal comes out as, from the definition: chunk k covers k · hop … k · hop + chunk - 1.
static double expected(const rig *r, const float *x, int64_t frames, int64_t channel, int64_t t) {
    int64_t chunk = r->s.frames, hop = r->overlap.hop, common = chunk - hop, into = t % hop;
    double twice = 2.0 * (double)x[(channel % r->s.inputs) * frames + t];
    if (common == 0) return twice + (double)((channel + 1) * t);
    double newer = (double)((channel + 1) * into), older = (double)((channel + 1) * (into + hop));
    return twice + (into < common ? older + (double)r->fade[into] * (newer - older) : newer);
}

static void one(int64_t inputs, int64_t outputs, int64_t chunk, int64_t common, int64_t frames) {
    rig r;
    build(&r, inputs, outputs, chunk, common);
    float *x = malloc((size_t)(inputs * frames) * 4), *whole = malloc((size_t)(outputs * frames) * 4);
    float *block = malloc((size_t)(outputs * frames) * 4), *part = malloc((size_t)(inputs * frames) * 4);
    for (int64_t i = 0; i < inputs * frames; ++i) x[i] = (float)(i * 37 % 101) / 64;
    expect(ok_overlap_process(&r.overlap, x, whole, frames) == OK_SUCCESS, "chunk %d", (int)chunk);
    double worst = 0;
    for (int64_t c = 0; c < outputs; ++c)
        for (int64_t t = chunk - 1; t < frames; ++t) {
            double wanted = expected(&r, x, frames, c, t - (chunk - 1));
            worst = fmax(worst, fabs((double)whole[c * frames + t] - wanted) / (1 + fabs(wanted)));
        }
    expect(worst < 1e-6, "chunk %d overlap %d channels %d to %d: error %g", (int)chunk, (int)common,
           (int)inputs, (int)outputs, worst);
    ok_overlap_reset(&r.overlap);
    for (int64_t at = 0, n = 1; at < frames; at += n, n = n * 5 % 23 + 1) {
        if (n > frames - at) n = frames - at;
        for (int64_t c = 0; c < inputs; ++c) memcpy(part + c * n, x + c * frames + at, (size_t)n * 4);
        float *target = inputs == outputs ? part : block; // in place where it fits
        expect(ok_overlap_process(&r.overlap, part, target, n) == OK_SUCCESS, "block %d", (int)n);
        for (int64_t c = 0; c < outputs; ++c)
            expect(memcmp(target + c * n, whole + c * frames + at, (size_t)n * 4) == 0, "split at %d",
                   (int)at);
    }
    expect(ok_overlap_process(&r.overlap, x, whole, 0) == OK_SUCCESS, "no frames");
    expect(ok_overlap_process(&r.overlap, NULL, whole, 1) == OK_INVALID_ARGUMENT, "no input");
    expect(ok_overlap_process(&r.overlap, x, NULL, 1) == OK_INVALID_ARGUMENT, "no output");
    expect(ok_overlap_process(&r.overlap, x, whole, -1) == OK_INVALID_ARGUMENT, "less than no frames");
    free(x), free(whole), free(block), free(part), free(r.memory), free(r.fade);
}

static void timed(void) {
    rig r;
    build(&r, 1, 1, 4, 2);
    float x[4] = {1, 2, 3, 4}, y[4] = {0};
    ok_buffer in = {x, sizeof x}, out = {y, sizeof y};
    const size_t ends[] = {1, 2, 3};
    int64_t times[3] = {-1, -1, -1};
    expect(ok_instance_run_timed(&r.instance, &in, &out, ends, 3, times) == OK_SUCCESS, "a timed run");
    expect(times[0] >= 0 && times[1] >= 0 && times[2] >= 0 && y[3] == 11, "times and result %g",
           (double)y[3]);
    in.byte_count = 8;
    expect(ok_instance_run_timed(&r.instance, &in, &out, ends, 3, times) == OK_SHAPE_MISMATCH,
           "a wrong size");
    r.program.max_length = 4;
    expect(ok_instance_run_timed(&r.instance, &in, &out, ends, 3, times) == OK_INVALID_ARGUMENT,
           "a dynamic program");
    free(r.memory), free(r.fade);
}

int main(void) {
    for (int64_t channels = 1; channels <= 3; ++channels) {
        one(channels, channels, 1, 0, 30);
        one(channels, 3, 16, 0, 100);
        one(channels, channels, 16, 8, 100);
        one(channels, 2, 15, 7, 200);
        one(1, channels, 64, 1, 333);
    }
    timed();
    return finish("overlap_test");
}
