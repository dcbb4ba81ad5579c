// Pooling against its definition: whole signals with padding, and streams in blocks of any size.
#include "axis_test.h"

static const double tolerance = 1e-6;

// The window over x[first], x[first + dilation], … of the taps with an index in [low, high).
static double pooled(const ok_pool_args *args, const float *x, int64_t stride, int64_t first, int64_t low,
                     int64_t high) {
    double sum = 0, top = -INFINITY;
    int64_t inside = 0, counted = 0;
    for (int64_t t = 0; t < args->kernel; ++t) {
        int64_t i = first + t * args->dilation;
        counted += i < high + args->pad_end;
        if (i < low || i >= high) continue;
        ++inside, sum += x[i * stride], top = fmax(top, x[i * stride]);
    }
    if (inside == 0 && args->counter >= 0) return 0; // in a stream, before the signal
    return args->kind == OK_POOL_MAX ? top : sum / (double)(args->counts_padding ? counted : inside);
}

static ok_pool_args random_pool(int32_t kind) {
    return (ok_pool_args){.kind = kind,
                          .counts_padding = random_bits() % 2,
                          .kernel = random_in(1, 9),
                          .stride = random_in(1, 4),
                          .dilation = random_in(1, 3),
                          .counter = -1};
}

static double whole(const char *isa, const ok_kernels *kernels, int32_t kind) {
    int columns = random_bits() % 2;
    ok_pool_args args = random_pool(kind);
    int64_t span = (args.kernel - 1) * args.dilation + 1;
    args.pad_begin = random_in(0, args.kernel / 2), args.pad_end = random_in(0, args.kernel / 2);
    int64_t axis = random_in(1, 120);
    if (axis < span) axis = span;
    // PyTorch's ceil mode adds a window that may stick out behind the padding, if it starts before that.
    int64_t windows = (axis + args.pad_begin + args.pad_end - span) / args.stride + 1;
    if (random_bits() % 2 && windows * args.stride < axis + args.pad_begin) ++windows;
    int64_t outer = random_in(1, 3), inner = columns ? random_in(2, 40) : 1;
    view v = make_view(outer, axis, inner, columns), w = make_view(outer, windows, inner, columns);
    float *x = view_floats(&v, 1);
    output y = make_output(extent(&w));
    args.source = axis_operand(0, &v), args.destination = axis_operand(1, &w);
    args.outer = length_of(outer), args.axis = length_of(axis), args.inner = length_of(inner);
    args.windows = length_of(windows);
    call(kernels->ok_pool, &args, (void *[]){x, y.found});
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < windows; ++k)
            for (int64_t i = 0; i < inner; ++i)
                y.wanted[at(&w, o, k, i)] = pooled(&args, x + at(&v, o, 0, i), v.axis_stride,
                                                   k * args.stride - args.pad_begin, 0, axis);
    double error = error_of(&y), bound = kind == OK_POOL_MAX ? 0 : tolerance;
    expect(error <= bound, "%s pool %d kernel %d stride %d dilation %d pad %d %d: %d x %d: %g", isa, kind,
           (int)args.kernel, (int)args.stride, (int)args.dilation, (int)args.pad_begin, (int)args.pad_end,
           (int)axis, (int)inner, error);
    if (kind == OK_POOL_AVERAGE) { // positive control: the first tap of window 0 inside the signal changed
        int64_t rest = args.pad_begin % args.dilation;
        x[at(&v, 0, rest == 0 ? 0 : args.dilation - rest, 0)] += 1;
        call(kernels->ok_pool, &args, (void *[]){x, y.found});
        expect(error_of(&y) > bound, "%s pool: a wrong tap passes", isa);
    }
    free(x), free_output(&y);
    return error;
}

// A stream: the window ends with the present frame, `past` frames lie in front of the block, and of all
// frames the first `lag` come before the signal: here they are NaN, which must not be looked at.
static void stream(const char *isa, const ok_kernels *kernels, int32_t kind) {
    ok_pool_args args = random_pool(kind);
    int64_t past = args.pad_begin = (args.kernel - 1) * args.dilation, total = 40 * args.stride;
    args.lag = random_in(0, 25), args.counter = 2;
    int64_t outer = random_in(1, 2), windows = total / args.stride;
    view v = make_view(outer, past + total, 1, 0), w = make_view(outer, windows, 1, 0);
    float *x = view_floats(&v, 1);
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < past + args.lag && i < past + total; ++i) x[at(&v, o, i, 0)] = NAN;
    output once = make_output(extent(&w)), blocks = make_output(extent(&w));
    args.source = axis_operand(0, &v), args.destination = axis_operand(1, &w);
    args.outer = length_of(outer), args.inner = 1;
    for (int split = 0; split < 2; ++split) {
        output *y = split ? &blocks : &once;
        int64_t seen = 0;
        for (int64_t from = 0, n; from < windows; from += n) {
            n = split ? random_in(1, random_bits() % 2 ? 2 : 23) : windows;
            if (n > windows - from) n = windows - from;
            args.axis = length_of(n * args.stride), args.windows = length_of(n);
            call(kernels->ok_pool, &args, (void *[]){x + past + from * args.stride, y->found + from, &seen});
        }
        expect(seen == total, "%s pool: counted %d of %d frames", isa, (int)seen, (int)total);
    }
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < windows; ++k)
            once.wanted[at(&w, o, k, 0)] =
                pooled(&args, x + at(&v, o, past, 0), 1, k * args.stride - past, args.lag, total);
    double error = error_of(&once);
    expect(error <= (kind == OK_POOL_MAX ? 0 : tolerance),
           "%s stream of pool %d kernel %d stride %d lag %d: %g", isa, kind, (int)args.kernel,
           (int)args.stride, (int)args.lag, error);
    expect(same_bits(&once, &blocks), "%s pool %d: depends on the blocks", isa, kind);
    free(x), free_output(&once), free_output(&blocks);
}

static void test(const char *isa, const ok_kernels *kernels) {
    double most = 0;
    for (int64_t i = thinned(1500); i > 0; --i)
        for (int32_t kind = OK_POOL_MAX; kind <= OK_POOL_AVERAGE; ++kind) {
            most = fmax(most, whole(isa, kernels, kind));
            stream(isa, kernels, kind);
        }
    printf("%-7s pool worst error %.2e\n", isa, most);
}

int main(void) { return test_each("pool_test", test); }
