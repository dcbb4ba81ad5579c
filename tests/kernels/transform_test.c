// Convolution through a transform against its definition in double precision.
#include "kernel_test.h"

typedef struct conv {
    int64_t points, group, batch, channels, outputs, kernel, columns, offset;
    int64_t source_row, source_item, row, item;
    ok_activation activation;
    float *x, *weights, *bias; // [outputs][channels][kernel]
} conv;

static conv random_conv(void) {
    static const int64_t sizes[] = {32, 64, 128, 256, 512};
    conv c = {.points = sizes[random_bits() % 5], .group = random_in(1, 16), .batch = random_in(1, 2)};
    c.channels = random_in(1, 20), c.outputs = random_in(1, 40);
    c.kernel = random_in(1, c.points), c.offset = random_in(0, 3);
    while (c.channels * c.outputs * c.points * c.kernel > 2 << 20) // or packing would take most of the time
        c.channels = (c.channels + 1) / 2, c.outputs = (c.outputs + 1) / 2;
    int64_t hop = 2 * c.points - c.kernel + 1;
    c.columns = random_in(1, hop * (random_bits() % 4 ? 3 : 14));
    if (random_bits() % 8 == 0) c.columns = hop * random_in(1, 3); // whole blocks
    if (c.columns > 2000) c.columns = 2000;
    int64_t width = c.columns + c.kernel - 1;
    c.source_row = width + random_in(0, 3), c.source_item = c.channels * c.source_row;
    c.row = c.columns + random_in(0, 3), c.item = c.outputs * c.row;
    c.activation = random_activation();
    c.x = floats(c.offset + c.batch * c.source_item - (c.source_row - width), 1);
    c.weights = floats(c.outputs * c.channels * c.kernel, 1 / sqrt((double)(c.channels * c.kernel)));
    c.bias = floats(c.outputs, 1);
    return c;
}

static void free_conv(conv *c) { free(c->x), free(c->weights), free(c->bias); }

// Arguments of the nodes of one level of the tree: x^length - e^(i·angle) splits at half the angle, and at
// that plus half a turn.
static void split_angles(double *angles, int64_t nodes) {
    for (int64_t n = nodes - 1; n >= 0; --n) {
        double half = angles[n] / 2;
        angles[2 * n] = half, angles[2 * n + 1] = half + M_PI;
    }
}

static float *push(float *next, double angle) {
    *next++ = (float)cos(angle), *next++ = (float)sin(angle);
    return next;
}

// The multipliers that the kernel reads, and the arguments of the leaves: the points at which polynomials are
// evaluated, all of them roots of x^points = i.
static float *roots(int64_t points, double *leaves) {
    int64_t count = 0, length = points, nodes = 1;
    for (int64_t n = points; n > 1; n /= 4)
        count += 6 * points / n; // more than enough where it starts with a 2
    float *table = malloc((size_t)count * 2 * sizeof *table), *next = table;
    leaves[0] = M_PI_2;
    if (__builtin_ctzll((uint64_t)points) % 2) {
        next = push(next, leaves[0] / 2);
        split_angles(leaves, nodes), nodes *= 2, length /= 2;
    }
    for (; length > 1; length /= 4) {
        for (int64_t n = 0; n < nodes; ++n)
            for (int power = 1; power <= 3; ++power) next = push(next, leaves[n] * power / 4);
        split_angles(leaves, nodes), split_angles(leaves, 2 * nodes), nodes *= 4;
    }
    return table;
}

// The value at a leaf of the polynomial that has tap k at x^-k, divided by the number of points.
static void spectrum(const conv *c, const float *taps, double angle, float *re, float *im) {
    double a = 0, b = 0, x = cos(angle), y = -sin(angle), p = 1, q = 0;
    for (int64_t k = 0; k < c->kernel; ++k) {
        a += taps[k] * p, b += taps[k] * q;
        double next = p * x - q * y;
        q = p * y + q * x, p = next;
    }
    *re = (float)(a / (double)c->points), *im = (float)(b / (double)c->points);
}

// [points][panel][channel][re, im][panel width]
static float *pack(const conv *c, int64_t lanes, int64_t vectors, const double *leaves) {
    int64_t padded = (c->outputs + lanes - 1) / lanes * lanes, width;
    float *packed = calloc((size_t)(c->points * c->channels * 2 * padded), sizeof *packed), *next = packed;
    for (int64_t p = 0; p < c->points; ++p)
        for (int64_t first = 0; first < padded; first += width) {
            width = padded - first < vectors * lanes ? lanes : vectors * lanes;
            for (int64_t channel = 0; channel < c->channels; ++channel, next += 2 * width)
                for (int64_t o = first; o < first + width && o < c->outputs; ++o)
                    spectrum(c, c->weights + (o * c->channels + channel) * c->kernel, leaves[p],
                             next + o - first, next + width + o - first);
        }
    return packed;
}

static void run(const ok_kernels *kernels, const conv *c, const float *packed, const float *table,
                output *o) {
    int64_t lanes = kernels->lanes, xs = (c->channels + lanes - 1) / lanes * lanes,
            ys = (c->outputs + lanes - 1) / lanes * lanes;
    float *bias = calloc((size_t)ys, sizeof *bias), *block = floats(c->points * 2 * lanes, 1);
    memcpy(bias, c->bias, (size_t)c->outputs * sizeof *bias);
    float *in = floats(c->points * (c->group * 2 * xs + OK_TRANSFORM_GAP), 1);
    float *out = floats(c->points * (c->group * 2 * ys + OK_TRANSFORM_GAP), 1);
    ok_transform_args args = {.source = 0,
                              .destination = 1,
                              .points = (int32_t)c->points,
                              .group = (int32_t)c->group,
                              .batch = c->batch,
                              .channels = c->channels,
                              .outputs = c->outputs,
                              .kernel = c->kernel,
                              .offset = c->offset,
                              .columns = length_of(c->columns),
                              .source_batch_stride = length_of(c->source_item),
                              .source_row_stride = length_of(c->source_row),
                              .destination_batch_stride = length_of(c->item),
                              .destination_row_stride = length_of(c->row),
                              .weights = packed,
                              .bias = bias,
                              .roots = table,
                              .activation = c->activation,
                              .block = 2,
                              .source_spectra = 3,
                              .output_spectra = 4};
    call(kernels->ok_transform, &args, (void *[]){c->x, o->found, block, in, out});
    free(bias), free(block), free(in), free(out);
}

// Some of the outputs of every row, the first and last among them: the definition is slow.
static void reference(const conv *c, output *o) {
    for (int64_t i = 0; i < c->batch * c->outputs * c->row - (c->row - c->columns); ++i)
        if (i % c->row < c->columns) o->wanted[i] = o->found[i] == UNTOUCHED ? 0 : o->found[i];
    for (int64_t b = 0; b < c->batch; ++b)
        for (int64_t j = 0; j < c->outputs; ++j)
            for (int64_t t = 0; t < c->columns; t += t < 8 || t > c->columns - 8 ? 1 : random_in(1, 8)) {
                double sum = c->bias[j];
                const float *w = c->weights + j * c->channels * c->kernel;
                const float *x = c->x + c->offset + b * c->source_item + t;
                for (int64_t k = 0; k < c->channels; ++k, w += c->kernel, x += c->source_row)
                    for (int64_t tap = 0; tap < c->kernel; ++tap) sum += (double)w[tap] * x[tap];
                o->scale = fmax(o->scale, fabs(sum));
                o->wanted[b * c->item + j * c->row + t] = activation_reference(c->activation, sum);
            }
}

static const double tolerance = 1e-5; // of the output's scale, see docs/numerics.md

static void test(const char *isa, const ok_kernels *kernels) {
    double most = 0;
    for (int64_t i = thinned(120); i > 0; --i) {
        conv c = random_conv();
        double *leaves = malloc((size_t)c.points * sizeof *leaves);
        float *table = roots(c.points, leaves);
        float *packed = pack(&c, kernels->lanes, kernels->transform_vectors, leaves);
        output o = make_output(c.batch * c.item - (c.row - c.columns));
        run(kernels, &c, packed, table, &o);
        reference(&c, &o);
        double error = error_of(&o);
        expect(error <= tolerance, "%s points %d kernel %d columns %d: %g", isa, (int)c.points, (int)c.kernel,
               (int)c.columns, error);
        most = fmax(most, error);

        // Positive control: one tap a little off is seen, but where an activation hides it.
        if (c.activation.kind == OK_IDENTITY) {
            c.weights[random_bits() % (c.outputs * c.channels * c.kernel)] += 0.1f;
            reference(&c, &o);
            expect(error_of(&o) > tolerance, "%s points %d: a wrong tap passes", isa, (int)c.points);
        }
        free(leaves), free(table), free(packed), free_output(&o), free_conv(&c);
    }
    printf("%-7s transform worst error %.2e\n", isa, most);
}

int main(void) { return test_each("transform_test", test); }
