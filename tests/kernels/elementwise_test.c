// Functions of one or two values over nests of any rank and strides. math_test.c has the values of the unary
// ones; here they must be the same wherever an element lies.
#include "kernel_test.h"

enum { RANK = 4 };

typedef struct nest {
    int32_t rank;
    int64_t shape[RANK];
} nest;

static nest random_nest(void) {
    nest n = {.rank = (int32_t)random_in(1, RANK)};
    for (int32_t axis = 0; axis < n.rank; ++axis)
        n.shape[axis] = axis == n.rank - 1 ? random_in(1, 70) : random_in(1, 5);
    return n;
}

// Strides of some order of the outer axes with gaps between them, innermost 1; returns the extent in
// elements.
static int64_t spread(const nest *n, int64_t *stride) {
    int32_t order[RANK] = {0, 1, 2, 3}, last = n->rank - 1;
    for (int32_t i = last - 1; i > 0; --i) {
        int32_t j = (int32_t)random_in(0, i), kept = order[i];
        order[i] = order[j], order[j] = kept;
    }
    int64_t extent = n->shape[last];
    stride[last] = 1;
    for (int32_t i = last - 1; i >= 0; --i) {
        int32_t axis = order[i];
        stride[axis] = extent + random_in(0, 2);
        extent += (n->shape[axis] - 1) * stride[axis];
    }
    return extent;
}

// The same with some axes broadcast.
static int64_t spread_some(const nest *n, int64_t *stride) {
    nest own = *n;
    int broadcast[RANK];
    for (int32_t axis = 0; axis < n->rank; ++axis)
        if ((broadcast[axis] = random_bits() % 3 == 0)) own.shape[axis] = 1;
    int64_t extent = spread(&own, stride);
    for (int32_t axis = 0; axis < n->rank; ++axis)
        if (broadcast[axis]) stride[axis] = 0;
    return extent;
}

static ok_operand operand(int32_t slot, const nest *n, const int64_t *stride) {
    ok_operand o = {.slot = slot};
    for (int32_t axis = 0; axis < n->rank; ++axis) o.stride[axis] = length_of(stride[axis]);
    return o;
}

// The place of element `index`, counted in row-major order.
static int64_t place(const nest *n, const int64_t *stride, int64_t index) {
    int64_t at = 0;
    for (int32_t axis = n->rank - 1; axis >= 0; index /= n->shape[axis--])
        at += index % n->shape[axis] * stride[axis];
    return at;
}

static int64_t elements(const nest *n) {
    int64_t count = 1;
    for (int32_t axis = 0; axis < n->rank; ++axis) count *= n->shape[axis];
    return count;
}

static double combine(int32_t kind, double a, double b) {
    switch (kind) {
    case OK_ADD:
        return a + b;
    case OK_SUBTRACT:
        return a - b;
    case OK_MULTIPLY:
        return a * b;
    case OK_DIVIDE:
        return a / b;
    case OK_MAXIMUM:
        return isnan(a) || isnan(b) ? NAN : fmax(a, b);
    case OK_MINIMUM:
        return isnan(a) || isnan(b) ? NAN : fmin(a, b);
    case OK_POWER:
        return pow(a, b);
    case OK_FLOOR_DIVIDE:
        return floor((float)(a / b));
    case OK_MODULO: {
        double rest = fmod(a, b);
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    default:
        return a > 0 ? a : a * b;
    }
}

static void binary(const char *isa, const ok_kernels *kernels, int32_t kind) {
    nest n = random_nest();
    int64_t sa[RANK], sb[RANK], sy[RANK];
    int64_t na = spread_some(&n, sa), nb = spread_some(&n, sb), ny = spread(&n, sy);
    float *a = floats(na, 3), *b = floats(nb, 3);
    int with_nan = kind != OK_POWER && random_bits() % 2;
    if (kind == OK_POWER)
        for (int64_t i = 0; i < na; ++i) a[i] = fabsf(a[i]) + 0.1f;
    if (with_nan) a[random_bits() % na] = NAN, b[random_bits() % nb] = NAN;
    output y = make_output(ny);
    ok_binary_args args = {.kind = kind, .rank = n.rank, .a = operand(0, &n, sa), .b = operand(1, &n, sb)};
    args.destination = operand(2, &n, sy);
    for (int32_t axis = 0; axis < n.rank; ++axis) args.shape[axis] = length_of(n.shape[axis]);
    call(kernels->ok_binary, &args, (void *[]){a, b, y.found});
    for (int64_t i = 0; i < elements(&n); ++i) {
        double v = combine(kind, a[place(&n, sa, i)], b[place(&n, sb, i)]);
        y.wanted[place(&n, sy, i)] = kind == OK_POWER ? v : (float)v; // one rounding, but for powf
    }
    double error = error_of(&y);
    double bound = kind == OK_POWER ? 1e-4 : 0; // values up to 27
    expect(error <= bound, "%s binary %d: %g", isa, kind, error);
    // Positive control: an operand moved by one element is seen.
    if (kind == OK_SUBTRACT && !with_nan && n.shape[n.rank - 1] > 8 && sa[n.rank - 1] == 1) {
        memmove(a, a + 1, (size_t)(na - 1) * sizeof *a);
        call(kernels->ok_binary, &args, (void *[]){a, b, y.found});
        expect(error_of(&y) > bound, "%s binary %d: a shifted operand passes", isa, kind);
    }
    free(a), free(b), free_output(&y);
}

static void unary(const char *isa, const ok_kernels *kernels, int32_t kind) {
    nest n = random_nest();
    int64_t sx[RANK], sy[RANK], nx = spread(&n, sx), ny = spread(&n, sy);
    float *x = floats(nx, 3), *row = floats(elements(&n), 1);
    output y = make_output(ny);
    ok_unary_args args = {.function = {kind, kind == OK_HARDTANH ? -0.5f : 0.75f, 0.8f},
                          .rank = n.rank,
                          .source = operand(0, &n, sx),
                          .destination = operand(1, &n, sy)};
    for (int32_t axis = 0; axis < n.rank; ++axis) args.shape[axis] = length_of(n.shape[axis]);
    call(kernels->ok_unary, &args, (void *[]){x, y.found});
    // One element at a time, in row-major order.
    ok_unary_args one = {.function = args.function, .rank = 1, .shape = {1}};
    one.source = (ok_operand){0, {1}}, one.destination = (ok_operand){1, {1}};
    for (int64_t i = 0; i < elements(&n); ++i) {
        call(kernels->ok_unary, &one, (void *[]){x + place(&n, sx, i), row + i});
        y.wanted[place(&n, sy, i)] = row[i];
    }
    expect(error_of(&y) == 0, "%s unary %d: depends on the place", isa, kind);
    // In place.
    args.destination = args.source, args.destination.slot = 0;
    call(kernels->ok_unary, &args, (void *[]){x});
    int same = 1;
    for (int64_t i = 0; i < elements(&n); ++i)
        same &=
            as_bits(x[place(&n, sx, i)]) == as_bits(row[i]) || (isnan(row[i]) && isnan(x[place(&n, sx, i)]));
    expect(same, "%s unary %d: another result in place", isa, kind);
    free(x), free(row), free_output(&y);
}

// An extent of zero on any axis: nothing is read or written.
static void empty(const char *isa, const ok_kernels *kernels) {
    for (int32_t axis = 0; axis < 3; ++axis) {
        output y = make_output(8);
        ok_binary_args two = {.kind = OK_ADD, .rank = 3, .shape = {2, 2, 2}, .destination = {.slot = 1}};
        ok_unary_args one = {.rank = 3, .shape = {2, 2, 2}, .destination = {.slot = 1}};
        one.shape[axis] = two.shape[axis] = 0;
        call(kernels->ok_unary, &one, (void *[]){NULL, y.found});
        call(kernels->ok_binary, &two, (void *[]){NULL, y.found});
        expect(error_of(&y) == 0, "%s: wrote for an empty axis %d", isa, axis);
        free_output(&y);
    }
}

static void test(const char *isa, const ok_kernels *kernels) {
    for (int64_t i = thinned(400); i > 0; --i) {
        for (int32_t kind = 0; kind < OK_BINARY_COUNT; ++kind) binary(isa, kernels, kind);
        for (int32_t kind = 0; kind < OK_UNARY_COUNT; ++kind) unary(isa, kernels, kind);
    }
    empty(isa, kernels);
}

int main(void) { return test_each("elementwise_test", test); }
