// Reductions, normalisations, scale and shift, and softmax along an axis against double precision.
#include "axis_test.h"

static int64_t random_axis(int columns) {
    // Beyond a chunk of a long sum now and then (64 vectors of up to 16 lanes, or 64 rows of 64).
    if (random_bits() % 40 == 0) return columns ? 5000 : 3000;
    return random_in(1, random_bits() % 2 ? 20 : 200);
}
static int64_t random_inner(int columns) { return columns ? random_in(1, 40) : 1; }

static double reduced(int32_t kind, const float *x, int64_t stride, int64_t n, double *magnitude) {
    double sum = 0, product = 1, largest = -INFINITY, least = INFINITY, square = 0, size = 0;
    for (int64_t k = 0; k < n; ++k, x += stride) {
        double v = *x;
        sum += v, product *= v, square += v * v, size += fabs(v);
        largest = fmax(largest, v), least = fmin(least, v);
    }
    *magnitude = kind == OK_REDUCE_SUM || kind == OK_REDUCE_L1 ? size
                 : kind == OK_REDUCE_SUM_SQUARES               ? square
                 : kind == OK_REDUCE_L2                        ? sqrt(square)
                                                               : 1;
    switch (kind) {
    case OK_REDUCE_SUM:
        return sum;
    case OK_REDUCE_MEAN:
        return sum / (double)n;
    case OK_REDUCE_MAX:
        return largest;
    case OK_REDUCE_MIN:
        return least;
    case OK_REDUCE_PRODUCT:
        return product;
    case OK_REDUCE_SUM_SQUARES:
        return square;
    case OK_REDUCE_L1:
        return size;
    default:
        return sqrt(square);
    }
}

static const double tolerance = 1e-6;

static double reduce(const char *isa, const ok_kernels *kernels, int32_t kind) {
    int columns = random_bits() % 2;
    int64_t outer = random_in(1, 3), axis = random_axis(columns), inner = random_inner(columns);
    int64_t windows = random_bits() % 2 ? 1 : random_in(1, axis < 12 ? axis : 12);
    view v = make_view(outer, axis, inner, columns), w = make_view(outer, windows, inner, columns);
    float *x = view_floats(&v, 1);
    for (int64_t i = 0; kind == OK_REDUCE_PRODUCT && i < extent(&v); ++i) x[i] = 1 + x[i] * 0.01f;
    output y = make_output(extent(&w));
    ok_reduce_args args = {.source = axis_operand(0, &v),
                           .destination = axis_operand(1, &w),
                           .kind = kind,
                           .columns = columns,
                           .outer = length_of(outer),
                           .axis = length_of(axis),
                           .inner = length_of(inner),
                           .windows = length_of(windows)};
    call(kernels->ok_reduce, &args, (void *[]){x, y.found});
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < windows; ++k)
            for (int64_t i = 0; i < inner; ++i) {
                int64_t from = (int64_t)floor((double)(k * axis) / (double)windows);
                int64_t to = (int64_t)ceil((double)((k + 1) * axis) / (double)windows);
                double magnitude;
                y.wanted[at(&w, o, k, i)] =
                    reduced(kind, x + at(&v, o, from, i), v.axis_stride, to - from, &magnitude);
                y.scale = fmax(y.scale, magnitude);
            }
    double error = error_of(&y), bound = kind == OK_REDUCE_PRODUCT ? 1e-4 : tolerance;
    if (kind == OK_REDUCE_MAX || kind == OK_REDUCE_MIN) bound = 0;
    expect(error <= bound, "%s reduce %d columns %d: %d of %d x %d: %g", isa, kind, columns, (int)windows,
           (int)axis, (int)inner, error);
    // Positive control: one element less is seen in a sum.
    if (kind == OK_REDUCE_SUM && axis < 200) {
        x[at(&v, outer - 1, axis - 1, inner - 1)] += 0.01f;
        call(kernels->ok_reduce, &args, (void *[]){x, y.found});
        expect(error_of(&y) > bound, "%s reduce: a wrong element passes", isa);
    }
    free(x), free_output(&y);
    return error;
}

// Runs a kernel from x to y and again in place: the same bits.
static void run_both(const char *isa, ok_kernel kernel, const void *args, const void *args_in_place, float *x,
                     output *y, const view *v) {
    call(kernel, args, (void *[]){x, y->found});
    call(kernel, args_in_place, (void *[]){x});
    int same = 1;
    for (int64_t o = 0; o < v->outer; ++o)
        for (int64_t k = 0; k < v->axis; ++k)
            same &= memcmp(x + at(v, o, k, 0), y->found + at(v, o, k, 0), (size_t)v->inner * sizeof *x) == 0;
    expect(same, "%s: another result in place", isa);
}

static double normalize(const char *isa, const ok_kernels *kernels) {
    // Three forms: columns over the axis (layer norm of [channels, time]), a block (group norm), rows with
    // parameters for each element (layer norm of [time, features]).
    int columns = random_bits() % 2, elementwise = !columns && random_bits() % 2;
    int64_t outer = random_in(1, 6), groups = columns || elementwise ? 1 : random_in(1, 3);
    int64_t axis = elementwise ? 1 : random_in(1, 40), inner = random_in(1, 90);
    if (random_bits() % 30 == 0) *(columns ? &axis : &inner) = 3000;
    view v = make_view(outer, axis, inner, 1);
    float *x = view_floats(&v, 1), *weight = NULL, *bias = NULL, shift = random_bits() % 2 ? 0 : 5;
    for (int64_t i = 0; i < extent(&v); ++i) x[i] += shift;
    int64_t parameters = elementwise ? inner : groups * axis;
    if (random_bits() % 3) weight = floats(parameters, 1);
    if (random_bits() % 3) bias = floats(parameters, 1);
    output y = make_output(extent(&v));
    ok_normalize_args args = {.source = axis_operand(0, &v),
                              .destination = axis_operand(1, &v),
                              .centred = random_bits() % 4 != 0,
                              .columns = columns,
                              .elementwise = elementwise,
                              .groups = groups,
                              .outer = length_of(outer),
                              .axis = length_of(axis),
                              .inner = length_of(inner),
                              .epsilon = 1e-2f, // as few as one element has a variance of zero
                              .weight = weight,
                              .bias = bias};
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t part = 0; part < (columns ? inner : 1); ++part) {
            int64_t first = columns ? part : 0, last = columns ? part + 1 : inner;
            double n = (double)(axis * (last - first)), mean = 0, variance = 0;
            for (int64_t k = 0; k < axis && args.centred; ++k)
                for (int64_t i = first; i < last; ++i) mean += x[at(&v, o, k, i)] / n;
            for (int64_t k = 0; k < axis; ++k)
                for (int64_t i = first; i < last; ++i) variance += pow(x[at(&v, o, k, i)] - mean, 2) / n;
            for (int64_t k = 0; k < axis; ++k)
                for (int64_t i = first; i < last; ++i) {
                    int64_t p = elementwise ? i : o % groups * axis + k;
                    y.wanted[at(&v, o, k, i)] = (x[at(&v, o, k, i)] - mean) / sqrt(variance + args.epsilon) *
                                                    (weight ? weight[p] : 1) +
                                                (bias ? bias[p] : 0);
                }
        }
    ok_normalize_args in_place = args;
    in_place.destination = in_place.source;
    run_both(isa, kernels->ok_normalize, &args, &in_place, x, &y, &v);
    double error = error_of(&y), bound = 4 * tolerance;
    expect(error <= bound, "%s normalize columns %d elementwise %d: %d x %d: %g", isa, columns, elementwise,
           (int)axis, (int)inner, error);
    if (weight) { // positive control
        weight[parameters - 1] += 1, y.wanted[extent(&v) - 1] += 0.01;
        expect(error_of(&y) > bound, "%s normalize: a wrong element passes", isa);
    }
    free(x), free(weight), free(bias), free_output(&y);
    return error;
}

static double affine(const char *isa, const ok_kernels *kernels) {
    int columns = random_bits() % 2;
    view v = make_view(random_in(1, 3), random_in(1, 70), random_inner(columns), columns);
    float *x = view_floats(&v, 1), *scale = floats(v.axis, 2), *shift = floats(v.axis, 2);
    output y = make_output(extent(&v));
    ok_affine_args args = {.source = axis_operand(0, &v),
                           .destination = axis_operand(1, &v),
                           .outer = length_of(v.outer),
                           .axis = length_of(v.axis),
                           .inner = length_of(v.inner),
                           .scale = scale,
                           .shift = shift};
    for (int64_t o = 0; o < v.outer; ++o)
        for (int64_t k = 0; k < v.axis; ++k)
            for (int64_t i = 0; i < v.inner; ++i)
                y.wanted[at(&v, o, k, i)] = (double)x[at(&v, o, k, i)] * scale[k] + shift[k];
    ok_affine_args in_place = args;
    in_place.destination = in_place.source;
    run_both(isa, kernels->ok_affine, &args, &in_place, x, &y, &v);
    double error = error_of(&y);
    expect(error <= tolerance, "%s affine %d x %d: %g", isa, (int)v.axis, (int)v.inner, error);
    free(x), free(scale), free(shift), free_output(&y);
    return error;
}

static double softmax(const char *isa, const ok_kernels *kernels, int logarithm) {
    int columns = random_bits() % 2;
    view v = make_view(random_in(1, 3), random_axis(columns), random_inner(columns), columns);
    float *x = view_floats(&v, random_bits() % 2 ? 3 : 60); // e^60 squared overflows
    output y = make_output(extent(&v));
    ok_softmax_args args = {.source = axis_operand(0, &v),
                            .destination = axis_operand(1, &v),
                            .logarithm = logarithm,
                            .columns = columns,
                            .outer = length_of(v.outer),
                            .axis = length_of(v.axis),
                            .inner = length_of(v.inner)};
    for (int64_t o = 0; o < v.outer; ++o)
        for (int64_t i = 0; i < v.inner; ++i) {
            double sum = 0, top = -INFINITY;
            for (int64_t k = 0; k < v.axis; ++k) top = fmax(top, x[at(&v, o, k, i)]);
            for (int64_t k = 0; k < v.axis; ++k) sum += exp(x[at(&v, o, k, i)] - top);
            for (int64_t k = 0; k < v.axis; ++k) {
                double z = x[at(&v, o, k, i)] - top, w = logarithm ? z - log(sum) : exp(z) / sum;
                y.wanted[at(&v, o, k, i)] = w, y.scale = fmax(y.scale, fabs(w));
            }
        }
    ok_softmax_args in_place = args;
    in_place.destination = in_place.source;
    run_both(isa, kernels->ok_softmax, &args, &in_place, x, &y, &v);
    double error = error_of(&y);
    expect(error <= tolerance, "%s softmax log %d columns %d: %d x %d: %g", isa, logarithm, columns,
           (int)v.axis, (int)v.inner, error);
    y.wanted[0] += 1e-5 * y.scale; // positive control
    expect(error_of(&y) > tolerance, "%s softmax: a wrong element passes", isa);
    free(x), free_output(&y);
    return error;
}

static void test(const char *isa, const ok_kernels *kernels) {
    double worst[4] = {0};
    for (int64_t i = thinned(600); i > 0; --i) {
        for (int32_t kind = OK_REDUCE_SUM; kind <= OK_REDUCE_L2; ++kind) {
            double error = reduce(isa, kernels, kind);
            if (kind != OK_REDUCE_PRODUCT) worst[0] = fmax(worst[0], error);
        }
        worst[1] = fmax(worst[1], normalize(isa, kernels));
        worst[2] = fmax(worst[2], affine(isa, kernels));
        for (int logarithm = 0; logarithm < 2; ++logarithm)
            worst[3] = fmax(worst[3], softmax(isa, kernels, logarithm));
    }
    printf("%-7s worst errors: reduce %.2e, normalize %.2e, affine %.2e, softmax %.2e\n", isa, worst[0],
           worst[1], worst[2], worst[3]);
}

int main(void) { return test_each("axis_test", test); }
