// Padding, reversing, gathering and resizing along an axis against their definitions.
#include "axis_test.h"

static const char *const names[] = {"padded", "reverse", "nearest", "table"};

// The scale of a resize to `windows` samples; a whole or broken factor decides their number itself.
static ok_scale random_scale(int32_t kind, int64_t axis, int64_t *windows) {
    static const double factors[] = {1.5, 2.5, 0.5, 3, 1.25};
    ok_scale scale = {.kind = kind};
    if (kind == OK_SCALE_WHOLE) scale.factor = (double)random_in(1, 5);
    if (kind == OK_SCALE_FACTOR) scale.factor = factors[random_bits() % 5];
    *windows = random_in(1, 150);
    if (scale.factor > 0) *windows = (int64_t)((double)axis * scale.factor);
    return scale;
}

static double step_of(ok_scale scale, int64_t axis, int64_t windows) {
    if (scale.kind == OK_SCALE_EXTENTS) return (double)axis / (double)windows;
    if (scale.kind == OK_SCALE_CORNERS) return windows > 1 ? (double)(axis - 1) / (double)(windows - 1) : 0;
    return 1 / scale.factor;
}

// -1: outside.
static int64_t index_of(const ok_take_args *args, int64_t w, int64_t axis, int64_t windows) {
    int64_t i = w - args->begin;
    switch (args->kind) {
    case OK_TAKE_REVERSE:
        return axis - 1 - w;
    case OK_TAKE_NEAREST: // PyTorch's formula, in float32 as there
        i = (int64_t)floorf((float)w * (float)step_of(args->scale, axis, windows));
        if (args->scale.kind == OK_SCALE_WHOLE) i = w / (int64_t)args->scale.factor;
        return i < axis ? i : axis - 1;
    case OK_TAKE_TABLE:
        return args->table[w];
    default:
        if (i >= 0 && i < axis) return i;
        if (args->mode == OK_PAD_REPLICATE) return i < 0 ? 0 : axis - 1;
        if (args->mode == OK_PAD_CIRCULAR) return (i + axis) % axis;
        if (args->mode == OK_PAD_REFLECT) return i < 0 ? -i : 2 * axis - 2 - i;
        return -1;
    }
}

static void take(const char *isa, const ok_kernels *kernels, int32_t kind) {
    int columns = random_bits() % 2;
    int64_t axis = random_in(1, 90), windows = random_in(1, 90), table[90];
    ok_take_args args = {.kind = kind, .element = 4, .value = as_bits(2.5f), .indices = 2, .table = table};
    if (kind == OK_TAKE_PADDED) {
        args.mode = random_bits() % 4;
        int64_t reach = args.mode == OK_PAD_REFLECT ? axis - 1 : args.mode == OK_PAD_CIRCULAR ? axis : 20;
        args.begin = random_in(args.mode == OK_PAD_ZEROS ? -(axis - 1) : 0, reach);
        windows = random_in(1, axis + args.begin + reach);
    }
    if (kind == OK_TAKE_REVERSE) windows = axis;
    if (kind == OK_TAKE_NEAREST) {
        args.scale = random_scale((int32_t)random_in(OK_SCALE_WHOLE, OK_SCALE_EXTENTS), axis, &windows);
        if (random_bits() % 4 == 0 && args.scale.kind == OK_SCALE_EXTENTS) windows = axis;
    }
    if (kind == OK_TAKE_TABLE)
        for (int64_t w = 0; w < windows; ++w) table[w] = random_in(0, axis - 1);
    if (windows == 0) windows = 1;
    int64_t outer = random_in(1, 3), inner = columns ? random_in(1, 40) : 1;
    view v = make_view(outer, axis, inner, columns), d = make_view(outer, windows, inner, columns);
    float *x = view_floats(&v, 1);
    int64_t *indices = malloc((size_t)windows * sizeof *indices);
    output y = make_output(extent(&d));
    args.source = axis_operand(0, &v), args.destination = axis_operand(1, &d);
    args.outer = length_of(outer), args.axis = length_of(axis), args.inner = length_of(inner);
    args.windows = length_of(windows);
    call(kernels->ok_take, &args, (void *[]){x, y.found, indices});
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t w = 0; w < windows; ++w)
            for (int64_t i = 0; i < inner; ++i) {
                int64_t k = index_of(&args, w, axis, windows);
                y.wanted[at(&d, o, w, i)] = k < 0 ? 2.5f : x[at(&v, o, k, i)];
            }
    expect(error_of(&y) == 0, "%s take %s mode %d scale %d: %d of %d x %d", isa, names[kind], args.mode,
           args.scale.kind, (int)windows, (int)axis, (int)inner);
    // Positive control: one element changed.
    int64_t k = index_of(&args, windows - 1, axis, windows);
    if (k >= 0) {
        x[at(&v, outer - 1, k, inner - 1)] += 1e-3f;
        call(kernels->ok_take, &args, (void *[]){x, y.found, indices});
        expect(error_of(&y) > 0, "%s take %s: a wrong element passes", isa, names[kind]);
    }
    free(x), free(indices), free_output(&y);
}

static double lerp(const char *isa, const ok_kernels *kernels, int32_t kind) {
    int columns = random_bits() % 2;
    int64_t axis = random_in(1, 90), windows;
    ok_lerp_args args = {.scale = random_scale(kind, axis, &windows), .points = 2};
    if (windows == 0) windows = 1;
    int64_t outer = random_in(1, 3), inner = columns ? random_in(1, 40) : 1;
    view v = make_view(outer, axis, inner, columns), d = make_view(outer, windows, inner, columns);
    float *x = view_floats(&v, 1);
    ok_lerp_point *points = malloc((size_t)windows * sizeof *points);
    output y = make_output(extent(&d));
    args.source = axis_operand(0, &v), args.destination = axis_operand(1, &d);
    args.outer = length_of(outer), args.axis = length_of(axis), args.inner = length_of(inner);
    args.windows = length_of(windows);
    call(kernels->ok_lerp, &args, (void *[]){x, y.found, points});
    double step = step_of(args.scale, axis, windows);
    for (int64_t w = 0; w < windows; ++w) {
        double place = kind == OK_SCALE_CORNERS ? (double)w * step : ((double)w + 0.5) * step - 0.5;
        place = fmin(fmax(place, 0), (double)(axis - 1));
        int64_t left = (int64_t)floor(place), right = left + 1 < axis ? left + 1 : left;
        double weight = place - (double)left;
        for (int64_t o = 0; o < outer; ++o)
            for (int64_t i = 0; i < inner; ++i)
                y.wanted[at(&d, o, w, i)] =
                    (1 - weight) * x[at(&v, o, left, i)] + weight * x[at(&v, o, right, i)];
    }
    double error = error_of(&y), bound = 5e-7;
    expect(error <= bound, "%s lerp scale %d: %d of %d x %d: %g", isa, kind, (int)windows, (int)axis,
           (int)inner, error);
    y.wanted[0] += 2e-6; // positive control
    expect(error_of(&y) > bound, "%s lerp: a wrong element passes", isa);
    free(x), free(points), free_output(&y);
    return error;
}

static void test(const char *isa, const ok_kernels *kernels) {
    double most = 0;
    for (int64_t i = thinned(1500); i > 0; --i)
        for (int32_t kind = 0; kind < 4; ++kind) {
            take(isa, kernels, kind);
            most = fmax(most, lerp(isa, kernels, kind));
        }
    printf("%-7s lerp worst error %.2e\n", isa, most);
}

int main(void) { return test_each("take_test", test); }
