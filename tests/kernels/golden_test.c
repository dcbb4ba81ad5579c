// The kernels of whole layers against PyTorch's float64 results (the file that OK_GOLDENS names, see
// goldens.py), at those cases' tolerances.
#include "golden_file.h"
#include "packing.h"

static void linear(const ok_kernels *kernels, const golden *g, float *y) {
    const tensor *x = &g->tensors[INPUT], *w = &g->tensors[WEIGHT];
    int64_t outputs = w->shape[0], inputs = w->shape[1], rows = x->count / inputs;
    float *packed = pack_linear(w->data, g->tensors[BIAS].data, inputs, outputs, kernels->lanes);
    float *scratch = floats(rows * inputs, 1);
    ok_linear_args args = {.destination = 1,
                           .inputs = inputs,
                           .outputs = outputs,
                           .batch = rows,
                           .source_stride = inputs,
                           .destination_stride = outputs,
                           .weights = packed,
                           .bias = packed + whole_vectors(outputs, kernels->lanes) * inputs,
                           .packed = 2};
    call(kernels->ok_linear, &args, (void *[]){x->data, y, scratch});
    free(packed), free(scratch);
}

// One direction of one layer: from [batch, steps, inputs] to its share of [batch, steps, width].
static void direction(const ok_kernels *kernels, const golden *g, int index, float *x, int64_t inputs,
                      float *y, float *h_end, float *c_end) {
    enum { H0 = 2, C0 = 4, LAYERS = 6 };
    const tensor *t = &g->tensors[LAYERS + 4 * index];
    int64_t hidden = g->integers[3], ends = g->integers[2], width = ends * hidden;
    int64_t batch = g->tensors[INPUT].shape[0], steps = g->tensors[INPUT].shape[1];
    ok_recurrent_kind kind = g->integers[0] == 0 ? OK_LSTM : OK_GRU;
    float *packed = floats((int64_t)ok_recurrent_packed(kind, kernels->lanes, hidden, inputs), 1);
    float *scratch = floats((int64_t)ok_recurrent_scratch(kind, kernels->lanes, hidden, inputs, NULL), 1);
    ok_recurrent_pack(kind, kernels->lanes, hidden, inputs, t[0].data, t[1].data, t[2].data, t[3].data,
                      packed);
    ok_recurrent_args args = {.inputs = (int32_t)inputs,
                              .hidden = (int32_t)hidden,
                              .reverse = index % ends,
                              .weights = packed,
                              .steps = steps,
                              .batch = batch,
                              .input = {0, 0, inputs, steps * inputs, 1},
                              .output = {1, index % ends * hidden, width, steps * width, 1},
                              .h = {2, 0, hidden},
                              .c = {3, 0, hidden},
                              .h_end = {4, 0, hidden},
                              .c_end = {5, 0, hidden},
                              .scratch = 6};
    int64_t state = index * batch * hidden;
    float *c0 = kind == OK_LSTM ? g->tensors[C0].data + state : NULL;
    void *slots[] = {x, y, g->tensors[H0].data + state, c0, h_end + state, c_end + state, scratch};
    call(kind == OK_LSTM ? kernels->ok_lstm : kernels->ok_gru, &args, slots);
    free(packed), free(scratch);
}

static double worst_of(const golden *g, const float *found, const tensor *wanted) {
    double most = 0;
    for (int64_t i = 0; i < wanted->count; ++i) {
        double w = wanted->data[i];
        double error =
            isnan(found[i]) ? INFINITY : fabs(found[i] - w) / (g->absolute + g->relative * fabs(w));
        most = fmax(most, error);
    }
    return most;
}

static void recurrent(const char *isa, const ok_kernels *kernels, const golden *g, float *y) {
    enum { HN = 3, CN = 5 };
    const tensor *input = &g->tensors[INPUT];
    int64_t layers = g->integers[1], ends = g->integers[2], hidden = g->integers[3];
    int64_t rows = (int64_t)input->shape[0] * input->shape[1], inputs = input->shape[2];
    float *h = floats(g->tensors[HN].count, 1), *c = floats(g->tensors[HN].count, 1);
    float *x = malloc((size_t)input->count * sizeof *x);
    memcpy(x, input->data, (size_t)input->count * sizeof *x);
    for (int64_t layer = 0; layer < layers; ++layer) {
        float *next = floats(rows * ends * hidden, 1);
        for (int64_t end = 0; end < ends; ++end)
            direction(kernels, g, (int)(layer * ends + end), x, inputs, next, h, c);
        free(x), x = next, inputs = ends * hidden;
    }
    memcpy(y, x, (size_t)g->tensors[OUTPUT].count * sizeof *y);
    expect(worst_of(g, h, &g->tensors[HN]) <= 1, "%s %s: the last h", isa, g->name);
    expect(worst_of(g, c, &g->tensors[CN]) <= 1, "%s %s: the last c", isa, g->name);
    free(x), free(h), free(c);
}

// A window step, the sum, and for a transposed convolution its phases put in order.
static void conv(const ok_kernels *kernels, const golden *g, float *y) {
    const tensor *x = &g->tensors[INPUT], *w = &g->tensors[WEIGHT], *out = &g->tensors[OUTPUT];
    int64_t stride = g->integers[0], pad = g->integers[1], dilation = g->integers[2], groups = g->integers[3];
    int64_t phases = g->integers[5], crop = g->integers[6], batch = x->shape[0], channels = x->shape[1];
    int64_t rows = w->shape[0], taps = w->shape[2], terms = w->shape[1] * taps;
    int64_t columns = (out->shape[2] - 1 + crop) / phases - crop / phases + 1;
    int64_t wide = columns + (taps - 1) * dilation / stride + 1;
    float *packed = pack_conv(w->data, groups, rows / groups, terms, kernels->conv_rows);
    float *window = floats(batch * stride * channels * wide, 1), *sums = floats(batch * rows * columns, 1);
    const float **pointers = malloc((size_t)terms * sizeof *pointers);
    void *slots[] = {x->data, window, sums, pointers, y};
    ok_window_args first = {.source = 0,
                            .destination = 1,
                            .mode = g->integers[4],
                            .stride = (int32_t)stride,
                            .pad_x = pad,
                            .batch = batch,
                            .planes = channels,
                            .batch_stride = channels * x->shape[2],
                            .plane_stride = x->shape[2],
                            .row_stride = x->shape[2],
                            .in_x = x->shape[2],
                            .in_y = 1,
                            .out_x = wide,
                            .out_y = 1};
    call(kernels->ok_window, &first, slots);
    ok_conv_source source = {.slot = 1,
                             .channels = w->shape[1],
                             .taps_x = (int32_t)taps,
                             .taps_y = 1,
                             .stride_x = (int32_t)stride,
                             .stride_y = 1,
                             .dilation_x = (int32_t)dilation,
                             .dilation_y = 1,
                             .batch_stride = stride * channels * wide,
                             .channel_stride = wide,
                             .phase_stride = channels * wide};
    ok_conv_args args = {.source_count = 1,
                         .sources = &source,
                         .batch = batch,
                         .groups = groups,
                         .rows = rows / groups,
                         .terms = terms,
                         .out_y = 1,
                         .columns = columns,
                         .weights = packed,
                         .group_weights = rows / groups * terms,
                         .bias = g->tensors[BIAS].data,
                         .destination = 2,
                         .residual = -1,
                         .pointers = 3,
                         .destination_batch_stride = rows * columns,
                         .destination_row_stride = columns};
    call(kernels->ok_conv, &args, slots);
    ok_interleave_args last = {.source = 2,
                               .destination = 4,
                               .stride = (int32_t)phases,
                               .crop = crop,
                               .batch = batch,
                               .channels = rows / phases,
                               .in_columns = columns,
                               .out_columns = out->shape[2],
                               .destination_batch_stride = rows / phases * out->shape[2],
                               .destination_row_stride = out->shape[2]};
    call(kernels->ok_interleave, &last, slots);
    free(packed), free(window), free(sums), free(pointers);
}

static void elementwise(const ok_kernels *kernels, const golden *g, float *y) {
    const tensor *x = &g->tensors[INPUT];
    if (g->module == UNARY) {
        ok_unary_args args = {.function = {g->integers[0], g->numbers[0], g->numbers[1]},
                              .rank = 1,
                              .shape = {x->count},
                              .source = {0, {1}},
                              .destination = {1, {1}}};
        call(kernels->ok_unary, &args, (void *[]){x->data, y});
    } else { // a slope for each channel
        int64_t n = x->shape[2];
        ok_binary_args args = {.kind = OK_PRELU,
                               .rank = 2,
                               .shape = {x->shape[1], n},
                               .a = {0, {n, 1}},
                               .b = {1, {1, 0}},
                               .destination = {2, {n, 1}}};
        call(kernels->ok_binary, &args, (void *[]){x->data, g->tensors[WEIGHT].data, y});
    }
}

// The first half of each item, times the sigmoid of the second.
static void glu(const ok_kernels *kernels, const golden *g, float *y) {
    int64_t outer = g->integers[0], half = g->tensors[OUTPUT].count / outer;
    ok_unary_args gate = {.function = {OK_SIGMOID, 0, 0},
                          .rank = 2,
                          .shape = {outer, half},
                          .source = {0, {2 * half, 1}},
                          .destination = {1, {half, 1}}};
    ok_binary_args product = {.kind = OK_MULTIPLY,
                              .rank = 2,
                              .shape = {outer, half},
                              .a = {0, {2 * half, 1}},
                              .b = {1, {half, 1}},
                              .destination = {1, {half, 1}}};
    float *x = g->tensors[INPUT].data;
    call(kernels->ok_unary, &gate, (void *[]){x + half, y});
    call(kernels->ok_binary, &product, (void *[]){x, y});
}

// What works along one axis of [outer, axis, inner], dense.
static void along(const ok_kernels *kernels, const golden *g, float *y) {
    const int32_t *n = g->integers;
    const float *a = g->tensor_count > WEIGHT ? g->tensors[WEIGHT].data : NULL;
    const float *b = g->tensor_count > BIAS ? g->tensors[BIAS].data : NULL;
    int three = g->module == AFFINE || g->module == NORMALIZE || g->module == SOFTMAX;
    int64_t outer = n[0], axis = n[1], inner = three ? n[2] : 1;
    int64_t windows = g->tensors[OUTPUT].count / outer;
    void *slots[] = {g->tensors[INPUT].data, y, malloc((size_t)windows * sizeof(ok_lerp_point))};
    ok_axis_operand source = {0, axis * inner, inner}, destination = {1, axis * inner, inner};
    ok_axis_operand resized = {1, windows, 1};
    ok_scale scale = {OK_SCALE_WHOLE, n[2], 0};
    ok_affine_args affine = {source, destination, outer, axis, inner, a, b};
    ok_normalize_args normalize = {source, destination, n[5],          0, n[4], n[3], outer,
                                   axis,   inner,       g->numbers[0], a, b};
    ok_softmax_args softmax = {source, destination, n[3], inner > 1, outer, axis, inner};
    ok_pool_args pool = {source, resized, n[2], 1, n[3], n[4], 1, n[5], n[5], -1, 0, outer, axis, 1, windows};
    ok_reduce_args mean = {source, resized, OK_REDUCE_MEAN, 0, outer, axis, 1, windows};
    ok_take_args take = {source, resized, OK_TAKE_NEAREST, 0,    0, 4,      0, scale,
                         NULL,   2,       outer,           axis, 1, windows};
    ok_lerp_args lerp = {source, resized, scale, 2, outer, axis, 1, windows};
    switch (g->module) {
    case AFFINE:
        call(kernels->ok_affine, &affine, slots);
        break;
    case NORMALIZE:
        call(kernels->ok_normalize, &normalize, slots);
        break;
    case SOFTMAX:
        call(kernels->ok_softmax, &softmax, slots);
        break;
    case POOL:
        call(kernels->ok_pool, &pool, slots);
        break;
    case REDUCE:
        call(kernels->ok_reduce, &mean, slots);
        break;
    case TAKE:
        call(kernels->ok_take, &take, slots);
        break;
    default:
        call(kernels->ok_lerp, &lerp, slots);
    }
    free(slots[2]);
}

static double check(const char *isa, const ok_kernels *kernels, golden *g) {
    tensor *wanted = &g->tensors[OUTPUT];
    output y = make_output(wanted->count);
    for (int64_t i = 0; i < wanted->count; ++i) y.wanted[i] = wanted->data[i];
    if (g->module == LINEAR)
        linear(kernels, g, y.found);
    else if (g->module == RECURRENT)
        recurrent(isa, kernels, g, y.found);
    else if (g->module == CONV)
        conv(kernels, g, y.found);
    else if (g->module == UNARY || g->module == PRELU)
        elementwise(kernels, g, y.found);
    else if (g->module == GLU)
        glu(kernels, g, y.found);
    else
        along(kernels, g, y.found);
    double worst = worst_of(g, y.found, wanted);
    expect(worst <= 1, "%s %s: %g times its tolerance", isa, g->name, worst);
    expect(error_of(&y) < INFINITY, "%s %s: wrote past its end", isa, g->name);
    float kept = wanted->data[wanted->count - 1]; // positive control
    wanted->data[wanted->count - 1] += 3e-5f + 3e-4f * fabsf(kept);
    expect(worst_of(g, y.found, wanted) > 1, "%s %s: a wrong element passes", isa, g->name);
    wanted->data[wanted->count - 1] = kept;
    free_output(&y);
    return worst;
}

static void test(const char *isa, const ok_kernels *kernels) {
    const char *path = getenv("OK_GOLDENS");
    FILE *file = path ? fopen(path, "rb") : NULL;
    int32_t count = 0;
    expect(file && fread(&count, sizeof count, 1, file) == 1 && count > 0, "no reference cases: OK_GOLDENS");
    double most = 0;
    for (int32_t i = 0; i < count; ++i) {
        golden g = {0};
        int whole = read_golden(file, &g);
        expect(whole, "case %d of %d is broken", i, count);
        if (whole) most = fmax(most, check(isa, kernels, &g));
        for (int t = 0; t < MOST_TENSORS; ++t) free(g.tensors[t].data);
        if (!whole) break;
    }
    if (file) fclose(file);
    printf("%-7s %d reference cases, worst %.4f of its tolerance\n", isa, count, most);
}

int main(void) { return test_each("golden_test", test); }
