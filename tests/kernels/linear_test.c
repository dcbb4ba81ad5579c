// Matrix products of every number of rows up to 300 against double precision; a row alone gives its bits.
#include "packing.h"

typedef struct linear {
    int64_t inputs, outputs, rows, source_stride, destination_stride;
    ok_activation activation;
    float *x, *weights, *bias; // [outputs][inputs]
} linear;

static linear random_linear(int64_t rows) {
    // Beyond OK_LINEAR_BLOCK_TERMS now and then.
    linear l = {random_bits() % 5 ? random_in(1, 40)
                                  : random_in(OK_LINEAR_BLOCK_TERMS - 6, OK_LINEAR_BLOCK_TERMS + 30),
                random_in(1, 50),
                rows,
                0,
                0,
                random_activation(),
                NULL,
                NULL,
                NULL};
    if (random_bits() % 8 == 0) l.outputs = random_in(100, 270); // several panels a tile
    // Rows that are read where they lie, or so that they are packed.
    l.source_stride = random_bits() % 3 ? l.inputs + random_in(0, 3) : OK_LINEAR_ALIASED_STRIDE;
    l.destination_stride = l.outputs + random_in(0, 3);
    l.x = floats((rows - 1) * l.source_stride + l.inputs, 1);
    l.weights = floats(l.outputs * l.inputs, 2 / sqrt((double)l.inputs));
    l.bias = floats(l.outputs, 1);
    return l;
}

static void free_linear(linear *l) { free(l->x), free(l->weights), free(l->bias); }

static output output_of(const linear *l) {
    return make_output((l->rows - 1) * l->destination_stride + l->outputs);
}

static float *pack(const linear *l, int64_t lanes) {
    return pack_linear(l->weights, l->bias, l->inputs, l->outputs, lanes);
}

static void run_rows(const ok_kernels *kernels, const linear *l, const float *packed, output *o, int64_t from,
                     int64_t to) {
    int64_t rows = to - from, padded = whole_vectors(l->outputs, kernels->lanes);
    int64_t block = (rows < OK_LINEAR_BLOCK_ROWS ? rows : OK_LINEAR_BLOCK_ROWS) *
                    (l->inputs < OK_LINEAR_BLOCK_TERMS ? l->inputs : OK_LINEAR_BLOCK_TERMS);
    float *scratch = rows < OK_LINEAR_PACKED_ROWS ? NULL : floats(block, 1);
    ok_linear_args args = {.source = 0,
                           .destination = 1,
                           .inputs = l->inputs,
                           .outputs = l->outputs,
                           .batch = length_of(rows),
                           .source_stride = length_of(l->source_stride),
                           .destination_stride = length_of(l->destination_stride),
                           .weights = packed,
                           .bias = packed + padded * l->inputs,
                           .activation = l->activation,
                           .packed = 2};
    void *slots[] = {l->x + from * l->source_stride, o->found + from * l->destination_stride, scratch};
    call(kernels->ok_linear, &args, slots);
    free(scratch);
}

static void reference(const linear *l, output *o) {
    for (int64_t row = 0; row < l->rows; ++row)
        for (int64_t j = 0; j < l->outputs; ++j) {
            double sum = l->bias[j], magnitude = fabs(sum);
            for (int64_t k = 0; k < l->inputs; ++k) {
                double term = (double)l->weights[j * l->inputs + k] * l->x[row * l->source_stride + k];
                sum += term, magnitude += fabs(term);
            }
            if (magnitude > o->scale) o->scale = magnitude;
            o->wanted[row * l->destination_stride + j] = activation_reference(l->activation, sum);
        }
}

static const double tolerance = 0x1p-20; // a few roundings of a float32 sum

static double check(const char *isa, const ok_kernels *kernels, int64_t rows) {
    linear l = random_linear(rows);
    float *packed = pack(&l, kernels->lanes);
    output batch = output_of(&l), parts = output_of(&l);
    run_rows(kernels, &l, packed, &batch, 0, rows);
    reference(&l, &batch);
    double error = error_of(&batch);
    expect(error <= tolerance, "%s %d rows, %d -> %d: %g", isa, (int)rows, (int)l.inputs, (int)l.outputs,
           error);

    // Rows alone, and in batches of other sizes.
    for (int64_t from = 0, n; from < rows; from += n) {
        n = random_bits() % 2 ? 1 : random_in(1, 40);
        if (n > rows - from) n = rows - from;
        run_rows(kernels, &l, packed, &parts, from, from + n);
    }
    expect(same_bits(&batch, &parts), "%s %d rows: depends on the batch", isa, (int)rows);

    // Positive control: one weight a little off is seen, but where an activation hides it.
    if (l.activation.kind == OK_IDENTITY) {
        free(packed);
        l.weights[random_bits() % (l.inputs * l.outputs)] += 0.5f;
        packed = pack(&l, kernels->lanes);
        run_rows(kernels, &l, packed, &batch, 0, rows);
        expect(error_of(&batch) > tolerance, "%s %d rows: a wrong weight passes", isa, (int)rows);
    }
    free(packed), free_output(&batch), free_output(&parts), free_linear(&l);
    return error;
}

static void test(const char *isa, const ok_kernels *kernels) {
    double most = 0;
    for (int64_t rows = 1; rows <= 26; ++rows) most = fmax(most, check(isa, kernels, rows));
    for (int64_t rows = 27; rows <= 300; rows += 300 / thinned(300))
        most = fmax(most, check(isa, kernels, rows));
    // About one block of rows and about two.
    for (int64_t rows = OK_LINEAR_BLOCK_ROWS - 1; rows <= OK_LINEAR_BLOCK_ROWS + 1; ++rows)
        most = fmax(most, check(isa, kernels, rows));
    most = fmax(most, check(isa, kernels, 2 * OK_LINEAR_BLOCK_ROWS + 13));
    printf("%-7s linear worst error %.2e\n", isa, most);
}

int main(void) { return test_each("linear_test", test); }
