// Runs every layer and every model the way an audio thread would and requires that nothing is allocated,
// locked or asked of the system.
//
//   driver [--watch interposer|rtsan] [--callbacks N] [--control WHAT] [--denormals] MODEL...
//
// With the interposer (LD_PRELOAD) the counts must be exactly 0. Built with -fsanitize=realtime, a violation
// ends the process with a report. --control commits a violation on purpose and succeeds when it was seen.
#define _GNU_SOURCE
#include "subjects.h"
#include "watch.h"
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { MAX_BLOCK = 1024 };
static const size_t blocks[] = {1, 17, 32, 64, 127, 128, 256, 512, MAX_BLOCK};
enum { BLOCK_COUNT = sizeof blocks / sizeof *blocks };

// --- the watch

static void nothing(void) {}
static uint64_t zero(const char *which) {
    (void)which;
    return 0;
}
static int no(void) { return 0; }
void (*arm)(void) = nothing, (*disarm)(void) = nothing;
static uint64_t (*take)(const char *) = zero;
static int (*sees_system_calls)(void) = no, (*sees_swift)(void) = no;

static void use_interposer(void) {
    *(void **)&arm = dlsym(RTLD_DEFAULT, "ossicle_watch_arm");
    *(void **)&disarm = dlsym(RTLD_DEFAULT, "ossicle_watch_disarm");
    *(void **)&take = dlsym(RTLD_DEFAULT, "ossicle_watch_take");
    *(void **)&sees_system_calls = dlsym(RTLD_DEFAULT, "ossicle_watch_sees_system_calls");
    *(void **)&sees_swift = dlsym(RTLD_DEFAULT, "ossicle_watch_sees_swift");
    if (!arm || !disarm || !take || !sees_system_calls || !sees_swift) {
        fprintf(stderr, "driver: the interposer is not loaded (LD_PRELOAD)\n");
        exit(2);
    }
}

static int32_t process(ossicle_stream *stream, const float *x, float *y, size_t frames) NONBLOCKING {
    return ossicle_stream_process(stream, x, y, frames);
}
static int32_t reset(ossicle_stream *stream) NONBLOCKING { return ossicle_stream_reset(stream); }
static int32_t run_once(ossicle_session *s, const float *x, size_t n, float *y, size_t m) NONBLOCKING {
    return ossicle_session_run_f32(s, x, n, y, m);
}

static int32_t predict(inference_subject *s) NONBLOCKING {
    return ossicle_inference_predict(s->model, s->inputs, s->input_count, s->outputs, s->output_count);
}
static int32_t forget(ossicle_inference *model) NONBLOCKING { return ossicle_inference_reset_state(model); }

// --- one subject

typedef struct {
    ossicle_stream *stream;
    ossicle_stream_info info;
    float *x, *y;
} open_stream;

static open_stream start(const subject *s, int64_t max_block) {
    open_stream o = {.info = {.struct_size = sizeof o.info}};
    ossicle_stream_options options = {.struct_size = sizeof options, .max_block = max_block};
    must(ossicle_stream_create(s->model, &options, &o.stream), NULL, s->name);
    must(ossicle_stream_info_get(o.stream, &o.info), o.stream, s->name);
    size_t inputs = (size_t)(o.info.input_channels * (max_block + o.info.granularity));
    size_t outputs =
        (size_t)(o.info.output_channels * (max_block + o.info.granularity) * o.info.rate_numerator);
    o.x = malloc(inputs * sizeof(float));
    o.y = calloc(outputs, sizeof(float));
    unsigned seed = 7;
    for (size_t i = 0; i < inputs; ++i) o.x[i] = 0.5f * noise(&seed);
    return o;
}

static void stop(open_stream *o) {
    must(ossicle_stream_destroy(o->stream), NULL, "destroy");
    free(o->x);
    free(o->y);
}

// The nearest block the model takes: strided models want multiples of their granularity.
static size_t fit(const open_stream *o, size_t block) {
    size_t g = (size_t)o->info.granularity, most = (size_t)o->info.max_block / g * g;
    size_t up = (block + g - 1) / g * g;
    return up < most ? up : most;
}

static size_t output_count(const open_stream *o, size_t frames) {
    return frames * (size_t)o->info.output_channels * (size_t)o->info.rate_numerator /
           (size_t)o->info.rate_denominator;
}

static int failures;
void expect(int holds, const char *name, const char *what) {
    if (holds) return;
    fprintf(stderr, "FAILED %s: %s\n", name, what);
    ++failures;
}

// Wrong calls and poisoned input must stay as quiet as good ones, and reset must bring everything back.
static void misuse(const subject *s, open_stream *o) {
    size_t frames = fit(o, 64), count = output_count(o, frames);
    size_t inputs = frames * (size_t)o->info.input_channels;
    float *first = malloc(count * sizeof *first), *bad = malloc(inputs * sizeof *bad);
    for (size_t i = 0; i < inputs; ++i) bad[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : 1e-40f;
    int32_t status[8];
    arm();
    status[0] = reset(o->stream);
    status[1] = process(o->stream, o->x, o->y, frames);
    disarm();
    memcpy(first, o->y, count * sizeof *first);
    arm();
    status[2] = process(o->stream, bad, o->y, frames);
    status[3] = process(o->stream, o->x, o->y, (size_t)o->info.max_block + (size_t)o->info.granularity);
    status[4] = process(o->stream, o->x, o->y, 0);
    status[5] = process(NULL, o->x, o->y, frames);
    status[6] = reset(o->stream);
    status[7] = process(o->stream, o->x, o->y, frames);
    disarm();
    expect(status[0] == 0 && status[1] == 0 && status[6] == 0 && status[7] == 0, s->name,
           "reset and process");
    expect(status[2] == 0, s->name, "a block with NaN and infinity is processed");
    expect(status[3] == OSSICLE_BLOCK_TOO_LONG, s->name, "an over-long block is refused");
    expect(status[4] == 0, s->name, "no frames are fine");
    expect(status[5] == OSSICLE_INVALID_HANDLE, s->name, "NULL is refused");
    expect(memcmp(first, o->y, count * sizeof *first) == 0, s->name, "reset forgets NaN, bit for bit");
    free(first);
    free(bad);
}

static void watch_stream(const subject *s, long callbacks) {
    open_stream o = start(s, MAX_BLOCK);
    for (size_t b = 0; b < BLOCK_COUNT; ++b) {
        size_t frames = fit(&o, blocks[b]), bad = 0;
        arm();
        int32_t after_reset = reset(o.stream);
        disarm();
        for (long i = 0; i < callbacks; ++i) {
            arm();
            int32_t status = process(o.stream, o.x, o.y, frames);
            disarm();
            bad += status != OSSICLE_OK;
        }
        size_t odd = 0;
        for (size_t i = 0; i < output_count(&o, frames); ++i) odd += !isfinite(o.y[i]);
        expect(after_reset == 0 && bad == 0, s->name, "every block is processed");
        expect(odd == 0, s->name, "the output is finite");
    }
    misuse(s, &o);
    stop(&o);
}

static void watch_session(const subject *s, long callbacks) {
    ossicle_port port = {.struct_size = sizeof port};
    must(ossicle_model_port(s->model, OSSICLE_INPUT, 0, &port), s->model, s->name);
    ossicle_shape shape = {.rank = port.rank};
    size_t inputs = 1, outputs = 1;
    for (int32_t i = 0; i < port.rank; ++i) {
        shape.extent[i] = port.shape[i] ? port.shape[i] : 512;
        inputs *= (size_t)shape.extent[i];
    }
    ossicle_session *session = NULL;
    must(ossicle_session_create(s->model, &shape, 1, &session), s->model, s->name);
    must(ossicle_session_shape(session, OSSICLE_OUTPUT, 0, &shape), session, s->name);
    for (int32_t i = 0; i < shape.rank; ++i) outputs *= (size_t)shape.extent[i];
    float *x = malloc(inputs * sizeof *x), *y = malloc(outputs * sizeof *y);
    unsigned seed = 9;
    for (size_t i = 0; i < inputs; ++i) x[i] = noise(&seed);
    size_t bad = 0;
    for (long i = 0; i < callbacks; ++i) {
        arm();
        bad += run_once(session, x, inputs, y, outputs) != OSSICLE_OK;
        disarm();
    }
    arm();
    int32_t wrong = run_once(session, x, inputs + 1, y, outputs);
    disarm();
    expect(bad == 0, s->name, "every session run succeeds");
    expect(wrong != OSSICLE_OK, s->name, "a wrong element count is refused");
    must(ossicle_session_destroy(session), NULL, s->name);
    free(x);
    free(y);
}

static void count_violations(const char *name, const char *how) {
    uint64_t seen = take(NULL);
    expect(seen == 0, name, "violations of the real-time contract, listed above");
    printf("%-32s %s%llu violations\n", name, how, (unsigned long long)seen);
}

static void watch(const subject *s, long callbacks) {
    if (s->streams) watch_stream(s, callbacks);
    watch_session(s, callbacks / 10 + 1);
    count_violations(s->name, s->streams ? "" : "(session only) ");
}

// A Core ML model: predictions, refusals and a reset are all as quiet.
static void watch_inference(const char *path, long callbacks) {
    inference_subject s = open_inference(path);
    size_t bad = 0;
    for (long i = 0; i < callbacks; ++i) {
        arm();
        bad += predict(&s) != OSSICLE_OK;
        disarm();
    }
    ossicle_buffer kept = s.inputs[0];
    arm();
    int32_t status[4] = {forget(s.model), predict(&s)};
    s.inputs[0].byte_count -= 1;
    status[2] = predict(&s);
    s.inputs[0] = kept;
    disarm();
    must(ossicle_inference_release_workspace(s.model), s.model, s.name);
    arm();
    status[3] = predict(&s);
    disarm();
    expect(bad == 0 && status[0] == OSSICLE_OK && status[1] == OSSICLE_OK, s.name,
           "every prediction succeeds");
    expect(status[2] == OSSICLE_SHAPE_MISMATCH, s.name, "a wrong size is refused");
    expect(status[3] == OSSICLE_NOT_READY, s.name, "without a workspace it is not ready");
    count_violations(s.name, "(inference) ");
    close_inference(&s);
}

// --- denormals

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Median time of `count` blocks with the same input, in ns.
static double median_block(open_stream *o, const float *x, size_t frames, size_t count) {
    double *times = malloc(count * sizeof *times);
    for (size_t i = 0; i < count; ++i) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        ossicle_stream_process(o->stream, x, o->y, frames);
        clock_gettime(CLOCK_MONOTONIC, &b);
        times[i] = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
    }
    qsort(times, count, sizeof *times, by_value);
    double median = times[count / 2];
    free(times);
    return median;
}

// A decaying tail must not slow down: silence after a signal, and input that is itself denormal.
static void tail(const subject *s) {
    open_stream o = start(s, 64);
    size_t frames = fit(&o, 64), inputs = frames * (size_t)o.info.input_channels;
    float *silence = calloc(inputs, sizeof *silence), *faint = malloc(inputs * sizeof *faint);
    for (size_t i = 0; i < inputs; ++i) faint[i] = i % 2 ? 1e-40f : -3e-39f;
    double signal = 1e30, late = 1e30, denormal = 1e30;
    for (int repeat = 0; repeat < 5;
         ++repeat) { // minima over repeats of medians: other programs are at work too
        must(ossicle_stream_reset(o.stream), o.stream, s->name);
        signal = fmin(signal, median_block(&o, o.x, frames, 200));
        median_block(&o, silence, frames, 400);
        late = fmin(late, median_block(&o, silence, frames, 200));
        denormal = fmin(denormal, median_block(&o, faint, frames, 200));
    }
    // The last input was denormal: where the output is the input times a weight, flush-to-zero leaves exactly
    // 0.
    if (strcmp(s->name, "Linear, no bias") == 0)
        for (size_t i = 0; i < output_count(&o, frames); ++i)
            expect(o.y[i] == 0, s->name, "denormals are flushed");
    double worst = fmax(late, denormal) / signal;
    printf("%-32s signal %8.0f ns, late silence %8.0f ns, denormal input %8.0f ns a block: ratio %.2f\n",
           s->name, signal, late, denormal, worst);
    // Below a microsecond the clock itself is what is measured.
    expect(worst <= 1.5 || fmax(late, denormal) - signal < 200, s->name,
           "silence takes at most 1.5 times a signal");
    free(silence);
    free(faint);
    stop(&o);
}

// The caller's floating-point mode is the caller's: flush-to-zero is for the call only.
static void modes_restored(const subject *s) {
#if defined(__x86_64__)
    open_stream o = start(s, 64);
    const unsigned modes[] = {0x1f80, 0x1f80 | 0x8040, 0x1f80 | 0x6000, 0x1f80 | 0x0040};
    for (int i = 0; i < 4; ++i) {
        unsigned before = _mm_getcsr();
        _mm_setcsr(modes[i]);
        ossicle_stream_process(o.stream, o.x, o.y, fit(&o, 64));
        unsigned after = _mm_getcsr() & ~0x3fu; // all but the sticky exceptions
        ossicle_stream_reset(o.stream);
        unsigned last = _mm_getcsr() & ~0x3fu;
        _mm_setcsr(before);
        expect(after == modes[i] && last == modes[i], s->name, "the floating-point mode is restored");
    }
    stop(&o);
#else
    (void)s;
#endif
}

// --- positive controls

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *volatile kept;

static void violate(const char *what, const char *path) NONBLOCKING {
    if (strcmp(what, "swift_retain") == 0 || strcmp(what, "load") == 0) { // the library itself, Swift and all
        ossicle_model *model = NULL;
        must(ossicle_model_load(path, NULL, &model), NULL, path);
        ossicle_model_destroy(model);
    } else if (strcmp(what, "malloc") == 0) {
        kept = malloc(100);
        free(kept);
    } else if (strcmp(what, "pthread_mutex_lock") == 0) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    } else if (strcmp(what, "write") == 0) {
        if (write(STDERR_FILENO, "", 0) < 0) exit(3);
    } else if (strcmp(what, "system call") == 0) {
        long id;
#if defined(__x86_64__)
        __asm__ volatile("syscall" : "=a"(id) : "a"(39L) : "rcx", "r11", "memory"); // getpid, past libc
        if (id != getpid()) exit(3);
#else
        id = 0;
        (void)id;
#endif
    }
}

static int control(const char *what, const char *model) {
    if (strcmp(what, "system call") == 0 && !sees_system_calls()) {
        printf("control: this kernel has no syscall user dispatch; calls through libc are watched\n");
        return 0;
    }
    arm();
    violate(what, model);
    disarm();
    uint64_t seen = take(strcmp(what, "load") == 0 ? NULL : what);
    printf("control: %s was counted %llu times\n", what, (unsigned long long)seen);
    return seen > 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    long callbacks = 10000;
    int denormals = 0, i = 1;
    const char *wanted = NULL;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; ++i) {
        if (strcmp(argv[i], "--denormals") == 0) {
            denormals = 1;
        } else if (i + 1 < argc && strcmp(argv[i], "--watch") == 0) {
            if (strcmp(argv[++i], "interposer") == 0) use_interposer();
        } else if (i + 1 < argc && strcmp(argv[i], "--callbacks") == 0) {
            callbacks = strtol(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--control") == 0) {
            wanted = argv[++i];
        } else {
            fprintf(stderr, "driver: unknown argument %s\n", argv[i]);
            return 2;
        }
    }
    if (wanted) return control(wanted, i < argc ? argv[i] : "");
    subject s;
    failures += missing_layers();
    for (size_t layer = 0, file = (size_t)i;;) {
        if (!next_layer(&layer, &s)) {
            if (file >= (size_t)argc) break;
            const char *path = argv[file++];
            if (is_inference(path)) {
                if (!denormals) watch_inference(path, callbacks / 100 + 1);
                continue;
            }
            s = load_subject(path);
        }
        if (denormals) {
            if (s.streams) tail(&s), modes_restored(&s);
        } else {
            watch(&s, callbacks);
        }
        must(ossicle_model_destroy(s.model), NULL, s.name);
    }
    if (!denormals) {
        watch_hybrid(callbacks);
        count_violations("HybridPipeline and its streams", "");
    }
    printf("%s: %d failed\n", denormals ? "denormals" : "real-time contract", failures);
    return failures ? 1 : 0;
}
