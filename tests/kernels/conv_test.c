// Convolutions of random shapes against their definition in double precision, and cut into blocks.
#include "packing.h"

enum { SOURCES = 3 };

// One input: an image of height x width for each channel, its columns dealt out by phase (see ok_conv.h).
typedef struct image {
    int64_t channels, taps_x, taps_y, stride_x, stride_y, dilation_x, dilation_y, height, width;
    int64_t row, channel, phase, item, offset; // distances in `data`
    float *data;
} image;

typedef struct conv {
    int64_t source_count, batch, groups, rows, height, columns, terms;
    int64_t row, y, item, residual_row, residual_y, residual_item; // distances in output and residual
    int gated;
    ok_activation activation, gate;
    image sources[SOURCES];
    float *weights, *bias, *residual; // [groups · rows][terms]
} conv;

static float *pixel(const image *s, int64_t b, int64_t c, int64_t y, int64_t x) {
    return s->data + s->offset + b * s->item + c * s->channel + y * s->row + x % s->stride_x * s->phase +
           x / s->stride_x;
}

static image random_image(const conv *c) {
    static const int64_t strides[] = {1, 1, 1, 2, 3, 4};
    image s = {.channels = random_in(1, 5), .taps_x = random_in(1, 5), .dilation_x = random_in(1, 7)};
    int planar = c->height > 1;
    s.taps_y = planar ? random_in(1, 3) : 1, s.dilation_y = random_in(1, 2);
    s.stride_x = strides[random_bits() % 6], s.stride_y = planar ? random_in(1, 2) : 1;
    s.width = (c->columns - 1) * s.stride_x + (s.taps_x - 1) * s.dilation_x + 1;
    s.height = (c->height - 1) * s.stride_y + (s.taps_y - 1) * s.dilation_y + 1;
    s.row = (s.width + s.stride_x - 1) / s.stride_x + random_in(0, 3);
    s.channel = s.height * s.row + random_in(0, 3);
    s.phase = s.channel * s.channels * c->groups, s.item = s.phase * s.stride_x;
    s.offset = random_in(0, 5);
    // Ends with the last column of the last row that is read.
    int64_t end = 0, last = s.width - 1;
    s.data = NULL;
    for (int64_t x = last; x >= 0 && x > last - s.stride_x; --x) {
        int64_t at = pixel(&s, c->batch - 1, s.channels * c->groups - 1, s.height - 1, x) - s.data;
        if (at >= end) end = at + 1;
    }
    s.data = floats(end, 1);
    return s;
}

static conv random_conv(void) {
    conv c = {.source_count = random_in(1, SOURCES), .batch = random_in(1, 2), .groups = 1, .height = 1};
    if (random_bits() % 4 == 0) c.groups = random_in(2, 3);
    if (random_bits() % 3 == 0) c.height = random_in(2, 4);
    c.gated = random_bits() % 3 == 0;
    c.rows = c.gated ? 2 * random_in(1, 12) : random_in(1, 23);
    c.columns = random_bits() % 6 ? random_in(1, 130) : random_in(470, 1000); // beyond OK_CONV_BLOCK
    c.activation = random_activation(), c.gate = random_activation();
    // The other factor of a product scales an error, so both are bounded.
    if (c.gated) c.activation.kind = OK_TANH, c.gate.kind = OK_SIGMOID;
    for (int64_t s = 0; s < c.source_count; ++s) {
        c.sources[s] = random_image(&c);
        c.terms += c.sources[s].channels * c.sources[s].taps_x * c.sources[s].taps_y;
    }
    int64_t out = (c.gated ? c.rows / 2 : c.rows) * c.groups;
    c.y = c.columns + random_in(0, 2), c.row = c.height * c.y + random_in(0, 3);
    c.item = out * c.row;
    c.residual_y = c.columns + random_in(0, 2), c.residual_row = c.height * c.residual_y;
    c.residual_item = out * c.residual_row;
    if (random_bits() % 2) c.residual = floats(c.batch * c.residual_item - (c.residual_y - c.columns), 1);
    c.weights = floats(c.groups * c.rows * c.terms, 2 / sqrt((double)c.terms));
    c.bias = floats(c.groups * c.rows, 1);
    return c;
}

static void free_conv(conv *c) {
    for (int64_t s = 0; s < c->source_count; ++s) free(c->sources[s].data);
    free(c->weights), free(c->bias), free(c->residual);
}

static output output_of(const conv *c) {
    return make_output(c->batch * c->item - c->row + (c->height - 1) * c->y + c->columns);
}

static float *pack(const conv *c, int64_t widest) {
    return pack_conv(c->weights, c->groups, c->rows, c->terms, widest);
}

// Columns [from, to).
static void run_columns(const ok_kernels *kernels, const conv *c, const float *packed, output *o,
                        int64_t from, int64_t to) {
    float *sums = c->gated ? floats(c->rows * OK_CONV_BLOCK, 1) : NULL;
    const float **pointers = malloc((size_t)c->terms * sizeof *pointers);
    void *slots[4 + SOURCES] = {o->found + from, c->residual ? c->residual + from : NULL, sums, pointers};
    ok_conv_source sources[SOURCES];
    for (int64_t i = 0; i < c->source_count; ++i) {
        const image *s = &c->sources[i];
        slots[4 + i] = s->data;
        sources[i] = (ok_conv_source){(int32_t)(4 + i),       (int32_t)s->channels,   (int32_t)s->taps_x,
                                      (int32_t)s->taps_y,     (int32_t)s->stride_x,   (int32_t)s->stride_y,
                                      (int32_t)s->dilation_x, (int32_t)s->dilation_y, s->offset + from,
                                      length_of(s->item),     length_of(s->channel),  length_of(s->row),
                                      length_of(s->phase)};
    }
    ok_conv_args args = {.source_count = (int32_t)c->source_count,
                         .sources = sources,
                         .batch = c->batch,
                         .groups = c->groups,
                         .rows = c->rows,
                         .terms = c->terms,
                         .out_y = length_of(c->height),
                         .columns = length_of(to - from),
                         .weights = packed,
                         .group_weights = c->rows * c->terms,
                         .bias = c->bias,
                         .activation = c->activation,
                         .gate = c->gate,
                         .gated = c->gated,
                         .destination = 0,
                         .residual = c->residual ? 1 : -1,
                         .accumulator = 2,
                         .pointers = 3,
                         .destination_batch_stride = length_of(c->item),
                         .destination_row_stride = length_of(c->row),
                         .destination_y_stride = length_of(c->y),
                         .residual_batch_stride = length_of(c->residual_item),
                         .residual_row_stride = length_of(c->residual_row),
                         .residual_y_stride = length_of(c->residual_y)};
    call(kernels->ok_conv, &args, slots);
    free(sums), free(pointers);
}

static double row_sum(const conv *c, int64_t b, int64_t g, int64_t m, int64_t y, int64_t t, double *scale) {
    const float *w = c->weights + (g * c->rows + m) * c->terms;
    double sum = c->bias[g * c->rows + m], magnitude = fabs(sum);
    for (const image *s = c->sources; s < c->sources + c->source_count; ++s)
        for (int64_t channel = 0; channel < s->channels; ++channel)
            for (int64_t ky = 0; ky < s->taps_y; ++ky)
                for (int64_t kx = 0; kx < s->taps_x; ++kx) {
                    double term = (double)*w++ * *pixel(s, b, g * s->channels + channel,
                                                        y * s->stride_y + ky * s->dilation_y,
                                                        t * s->stride_x + kx * s->dilation_x);
                    sum += term, magnitude += fabs(term);
                }
    if (magnitude > *scale) *scale = magnitude;
    return sum;
}

static void reference(const conv *c, output *o) {
    int64_t rows = c->gated ? c->rows / 2 : c->rows;
    for (int64_t b = 0; b < c->batch; ++b)
        for (int64_t g = 0; g < c->groups; ++g)
            for (int64_t m = 0; m < rows; ++m)
                for (int64_t y = 0; y < c->height; ++y)
                    for (int64_t t = 0; t < c->columns; ++t) {
                        double v = activation_reference(c->activation, row_sum(c, b, g, m, y, t, &o->scale));
                        if (c->gated)
                            v *= activation_reference(c->gate, row_sum(c, b, g, m + rows, y, t, &o->scale));
                        int64_t row = g * rows + m;
                        if (c->residual)
                            v += c->residual[b * c->residual_item + row * c->residual_row +
                                             y * c->residual_y + t];
                        o->wanted[b * c->item + row * c->row + y * c->y + t] = v;
                    }
}

static const double tolerance = 0x1p-20; // a few roundings of a float32 sum

static void test(const char *isa, const ok_kernels *kernels) {
    double most = 0;
    for (int64_t i = thinned(600); i > 0; --i) {
        conv c = random_conv();
        float *packed = pack(&c, kernels->conv_rows);
        output whole = output_of(&c), blocks = output_of(&c);
        run_columns(kernels, &c, packed, &whole, 0, c.columns);
        reference(&c, &whole);
        double error = error_of(&whole);
        expect(error <= tolerance, "%s case %d: %g", isa, (int)i, error);
        most = fmax(most, error);

        for (int64_t from = 0, n; from < c.columns; from += n) {
            n = random_in(1, random_bits() % 2 ? 8 : 70);
            if (n > c.columns - from) n = c.columns - from;
            run_columns(kernels, &c, packed, &blocks, from, from + n);
        }
        expect(same_bits(&whole, &blocks), "%s case %d: depends on the blocks", isa, (int)i);

        // Positive control: one weight a little off is seen, but where an activation hides it.
        if (c.activation.kind == OK_IDENTITY) {
            int64_t at = random_bits() % (c.groups * c.rows * c.terms);
            c.weights[at] += 0.1f;
            free(packed), packed = pack(&c, kernels->conv_rows);
            run_columns(kernels, &c, packed, &whole, 0, c.columns);
            expect(error_of(&whole) > tolerance, "%s case %d: a wrong weight passes", isa, (int)i);
        }
        free(packed), free_output(&whole), free_output(&blocks), free_conv(&c);
    }
    printf("%-7s conv worst error %.2e\n", isa, most);
}

int main(void) { return test_each("conv_test", test); }
