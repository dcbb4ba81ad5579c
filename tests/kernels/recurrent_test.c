// LSTM and GRU kernels against scalar double precision, on every instruction set this machine (or emulator)
// has.
#include "kernel_test.h"

enum { STEPS = 61, BATCH = 3, PAD = 5 };

typedef struct layer {
    ok_recurrent_kind kind;
    int64_t hidden, inputs, steps, batch;
    int reverse, custom, transposed; // transposed: features are apart, steps adjacent
    int library; // products that are not the kernel's: 1 the input's, 2 the hidden state's, 3 both
    float *w_ih, *w_hh, *b_ih, *b_hh, *x, *h0, *c0;
} layer;

typedef struct result {
    float *y, *h, *c; // [batch, steps, hidden] with padded rows; [batch, hidden]
} result;

static int64_t gates(const layer *l) { return l->kind == OK_LSTM ? 4 : 3; }
static int64_t row_width(const layer *l) { return l->hidden + PAD; }

static layer make_layer(ok_recurrent_kind kind, int64_t hidden, int64_t inputs) {
    layer l = {.kind = kind, .hidden = hidden, .inputs = inputs, .steps = STEPS, .batch = 1};
    double scale = 1.5 / sqrt((double)hidden);
    l.w_ih = floats(gates(&l) * hidden * inputs, 1 / sqrt((double)inputs));
    l.w_hh = floats(gates(&l) * hidden * hidden, scale);
    l.b_ih = floats(gates(&l) * hidden, 0.3);
    l.b_hh = floats(gates(&l) * hidden, 0.3);
    l.x = floats(BATCH * STEPS * inputs, 1.5);
    l.h0 = floats(BATCH * hidden, 0.9);
    l.c0 = floats(BATCH * hidden, 1.2);
    return l;
}

static void free_layer(layer *l) {
    float *all[] = {l->w_ih, l->w_hh, l->b_ih, l->b_hh, l->x, l->h0, l->c0};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) free(all[i]);
}

static result make_result(const layer *l) {
    result r = {floats(l->batch * l->steps * row_width(l), 1), floats(l->batch * l->hidden, 1),
                floats(l->batch * l->hidden, 1)};
    for (int64_t i = 0; i < l->batch * l->steps * row_width(l); ++i)
        r.y[i] = 77; // whatever is not written must stay
    return r;
}

static void free_result(result *r) { free(r->y), free(r->h), free(r->c); }

// Every sum in order, whatever the number of rows: so the cut and the batch do not show here either.
static void add_product(const float *weights, int64_t outputs, int64_t inputs, const float *x, int64_t stride,
                        int64_t rows, float *y) OK_REALTIME {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t o = 0; o < outputs; ++o)
            for (int64_t k = 0; k < inputs; ++k)
                y[r * outputs + o] += weights[o * inputs + k] * x[r * stride + k];
}

static ok_recurrent_products make_products(const layer *l, int lanes) {
    ok_recurrent_products p = {.add = add_product, .steps = 7};
    int64_t width = ok_recurrent_width(l->kind, lanes, l->hidden);
    for (int hidden = 0; hidden < 2; ++hidden) {
        if (!(l->library & (hidden ? 2 : 1))) continue;
        int64_t columns = hidden ? l->hidden : l->inputs;
        float *bias = floats(width, 1), *rows = floats(width * columns, 1);
        ok_recurrent_rows(l->kind, lanes, l->hidden, hidden, columns, hidden ? l->w_hh : l->w_ih, l->b_ih,
                          l->b_hh, bias, rows);
        if (hidden)
            p.hidden_bias = bias, p.hidden_weights = rows;
        else
            p.input_bias = bias, p.input_weights = rows;
    }
    return p;
}

static void free_products(ok_recurrent_products *p) {
    const float *all[] = {p->input_bias, p->input_weights, p->hidden_bias, p->hidden_weights};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) free((void *)all[i]);
}

// Runs steps [from, to) of the walk, from the layer's state or from r's own.
static void run_steps(const ok_kernels *kernels, const layer *l, const float *packed,
                      const ok_recurrent_products *products, float *scratch, result *r, int64_t from,
                      int64_t to, int resume) {
    int64_t n = to - from, first = l->reverse ? l->steps - to : from, width = row_width(l);
    ok_recurrent_args args = {.inputs = (int32_t)l->inputs,
                              .hidden = (int32_t)l->hidden,
                              .reverse = l->reverse,
                              .weights = packed,
                              .products = products,
                              .steps = n,
                              .batch = l->batch,
                              .output = {1, first * width, width, l->steps * width, 1},
                              .h = {resume ? 4 : 2, 0, l->hidden},
                              .c = {resume ? 5 : 3, 0, l->hidden},
                              .h_end = {4, 0, l->hidden},
                              .c_end = {5, 0, l->hidden},
                              .scratch = 6,
                              .activations = l->custom,
                              .gate = {OK_HARDSIGMOID, 0, 0},
                              .cell = {OK_SOFTSIGN, 0, 0},
                              .output_activation = {OK_LEAKY_RELU, 0.5f, 0}};
    int64_t sequence = l->steps * l->inputs;
    if (l->transposed)
        args.input = (ok_series){0, first, 1, sequence, l->steps};
    else
        args.input = (ok_series){0, first * l->inputs, l->inputs, sequence, 1};
    void *slots[] = {l->x, r->y, l->h0, l->c0, r->h, r->c, scratch};
    ok_context context = {.slots = slots};
    (l->kind == OK_LSTM  ? kernels->ok_lstm
     : l->kind == OK_GRU ? kernels->ok_gru
                         : kernels->ok_gru_reset_before)(&args, &context);
}

static void run(const ok_kernels *kernels, const layer *l, result *r, int cut) {
    int lanes = kernels->lanes;
    size_t packed_floats = ok_recurrent_packed(l->kind, lanes, l->hidden, l->inputs);
    ok_recurrent_products library = make_products(l, lanes), *products = l->library ? &library : NULL;
    size_t scratch_floats = ok_recurrent_scratch(l->kind, lanes, l->hidden, l->inputs, products);
    float *packed = floats((int64_t)packed_floats, 1), *scratch = floats((int64_t)scratch_floats, 1);
    ok_recurrent_pack(l->kind, lanes, l->hidden, l->inputs, l->w_ih, l->w_hh, l->b_ih, l->b_hh, packed);
    for (int64_t from = 0, n; from < l->steps; from += n) {
        n = cut ? 1 + random_bits() % 40 : l->steps;
        if (n > l->steps - from) n = l->steps - from;
        run_steps(kernels, l, l->library == 3 ? NULL : packed, products, scratch, r, from, from + n,
                  from > 0);
    }
    free(packed), free(scratch), free_products(&library);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double gate_of(const layer *l, double x) {
    return l->custom ? fmin(fmax(x + 3, 0), 6) / 6 : sigmoid(x);
}
static double cell_of(const layer *l, double x) { return l->custom ? x / (1 + fabs(x)) : tanh(x); }
static double output_of(const layer *l, double x) { return l->custom ? (x > 0 ? x : 0.5 * x) : tanh(x); }

static double dot(const float *w, const float *x, int64_t stride, int64_t n) {
    double sum = 0;
    for (int64_t k = 0; k < n; ++k) sum += (double)w[k] * x[k * stride];
    return sum;
}

static double dot_h(const float *w, const double *h, int64_t n) {
    double sum = 0;
    for (int64_t k = 0; k < n; ++k) sum += w[k] * h[k];
    return sum;
}

static void reference_step(const layer *l, const float *x, int64_t stride, double *h, double *c) {
    int64_t H = l->hidden;
    double *a = malloc((size_t)(9 * H) * sizeof *a), *b = a + 4 * H, *next = a + 8 * H;
    for (int64_t j = 0; j < gates(l) * H; ++j) {
        a[j] = l->b_ih[j] + dot(l->w_ih + j * l->inputs, x, stride, l->inputs);
        b[j] = l->b_hh[j] + dot_h(l->w_hh + j * H, h, H);
    }
    if (l->kind == OK_LSTM) {
        for (int64_t j = 0; j < H; ++j) {
            double i = gate_of(l, a[j] + b[j]), f = gate_of(l, a[H + j] + b[H + j]),
                   g = cell_of(l, a[2 * H + j] + b[2 * H + j]);
            c[j] = f * c[j] + i * g;
            next[j] = gate_of(l, a[3 * H + j] + b[3 * H + j]) * output_of(l, c[j]);
        }
    } else {
        double *r = c; // a GRU has no c
        for (int64_t j = 0; j < H; ++j) r[j] = gate_of(l, a[j] + b[j]);
        if (l->kind == OK_GRU_RESET_BEFORE) {
            for (int64_t j = 0; j < H; ++j) next[j] = r[j] * h[j];
            for (int64_t j = 0; j < H; ++j)
                b[2 * H + j] = l->b_hh[2 * H + j] + dot_h(l->w_hh + (2 * H + j) * H, next, H), r[j] = 1;
        }
        for (int64_t j = 0; j < H; ++j) {
            double z = gate_of(l, a[H + j] + b[H + j]), n = cell_of(l, a[2 * H + j] + r[j] * b[2 * H + j]);
            next[j] = (1 - z) * n + z * h[j];
        }
    }
    memcpy(h, next, (size_t)H * sizeof *h);
    free(a);
}

// Largest difference of outputs and last states; also checks that nothing beyond a row was written.
static double compare(const layer *l, const result *r) {
    double most = 0;
    for (int64_t row = 0; row < l->batch; ++row) {
        double *h = malloc((size_t)(2 * l->hidden) * sizeof *h), *c = h + l->hidden;
        for (int64_t j = 0; j < l->hidden; ++j)
            h[j] = l->h0[row * l->hidden + j], c[j] = l->c0[row * l->hidden + j];
        for (int64_t i = 0; i < l->steps; ++i) {
            int64_t t = l->reverse ? l->steps - 1 - i : i;
            const float *x = l->x + row * l->steps * l->inputs + (l->transposed ? t : t * l->inputs);
            const float *y = r->y + (row * l->steps + t) * row_width(l);
            reference_step(l, x, l->transposed ? l->steps : 1, h, c);
            for (int64_t j = 0; j < l->hidden; ++j) {
                double d = fabs(y[j] - h[j]);
                if (!(d <= most)) most = d;
            }
            for (int64_t j = l->hidden; j < row_width(l); ++j) expect(y[j] == 77, "wrote past a row");
        }
        for (int64_t j = 0; j < l->hidden; ++j) {
            double d = fmax(fabs(r->h[row * l->hidden + j] - h[j]),
                            l->kind == OK_LSTM ? fabs(r->c[row * l->hidden + j] - c[j]) : 0);
            if (!(d <= most)) most = d;
        }
        free(h);
    }
    return most;
}

static int same(const layer *l, const result *a, const result *b) {
    size_t state = (size_t)(l->batch * l->hidden) * sizeof(float);
    return memcmp(a->y, b->y, (size_t)(l->batch * l->steps * row_width(l)) * sizeof(float)) == 0 &&
           memcmp(a->h, b->h, state) == 0 && (l->kind != OK_LSTM || memcmp(a->c, b->c, state) == 0);
}

static const double tolerance = 4e-6;

static double check(const char *isa, const ok_kernels *kernels, layer *l) {
    result whole = make_result(l), parts = make_result(l);
    run(kernels, l, &whole, 0), run(kernels, l, &parts, 1);
    double error = compare(l, &whole);
    expect(error <= tolerance, "%s kind %d H %d I %d reverse %d batch %d custom %d: %g", isa, l->kind,
           (int)l->hidden, (int)l->inputs, l->reverse, (int)l->batch, l->custom, error);
    expect(same(l, &whole, &parts), "%s kind %d H %d I %d: depends on the cut", isa, l->kind, (int)l->hidden,
           (int)l->inputs);
    if (l->batch > 1) { // each row by itself gives the same bits
        for (int64_t row = 0; row < l->batch; ++row) {
            layer one = *l;
            one.batch = 1, one.x += row * l->steps * l->inputs, one.h0 += row * l->hidden,
            one.c0 += row * l->hidden;
            result alone = make_result(&one);
            run(kernels, &one, &alone, 0);
            int64_t n = l->steps * row_width(l);
            expect(memcmp(alone.y, whole.y + row * n, (size_t)n * sizeof(float)) == 0,
                   "%s: depends on the batch", isa);
            free_result(&alone);
        }
    }
    free_result(&whole), free_result(&parts);
    return error;
}

static void controls(const char *isa, const ok_kernels *kernels, layer *l) {
    // One weight a little off is seen; so is a NaN, in every unit of every later step.
    result r = make_result(l);
    run(kernels, l, &r, 0);
    for (int matrix = 0; matrix < 2; ++matrix) {
        float *w = matrix ? l->w_hh : l->w_ih, kept = w[0];
        w[0] += 0.05f;
        double error = compare(l, &r);
        expect(error > tolerance, "%s kind %d: a wrong weight passes (%g)", isa, l->kind, error);
        w[0] = kept;
    }
    float kept = l->x[0];
    l->x[0] = NAN;
    run(kernels, l, &r, 0);
    l->x[0] = kept;
    int64_t numbers = 0;
    for (int64_t t = 0; t < l->steps; ++t)
        for (int64_t j = 0; j < l->hidden; ++j) numbers += !isnan(r.y[t * row_width(l) + j]);
    expect(numbers == 0, "%s kind %d: NaN in, %d numbers out", isa, l->kind, (int)numbers);
    free_result(&r);
}

int main(void) {
    for (int isa = 0; isa < ISA_COUNT; ++isa) {
        const ok_kernels *kernels = ok_kernels_named(isa_names[isa]);
        if (!kernels) continue;
        for (int kind = 0; kind < 3; ++kind) {
            double most = 0, library = 0;
            for (int64_t hidden = 1; hidden <= 73; hidden += SPARSE && hidden > 21 ? 7 : 1) {
                int64_t large[] = {128, 130, 256};
                layer l = make_layer((ok_recurrent_kind)kind, hidden <= 70 ? hidden : large[hidden - 71],
                                     1 + random_bits() % 40);
                if (hidden > 70) l.steps = 30;
                l.reverse = hidden % 2, l.custom = hidden % 5 == 4, l.transposed = hidden % 3 == 1;
                l.batch = hidden % 4 == 2 ? BATCH : 1;
                double error = check(isa_names[isa], kernels, &l);
                if (error > most) most = error;
                l.transposed = 0; // a library wants the features side by side
                for (l.library = 1; l.library < (kind == OK_GRU_RESET_BEFORE ? 2 : 4); ++l.library) {
                    error = check(isa_names[isa], kernels, &l);
                    if (error > library) library = error;
                }
                l.library = 0;
                if (hidden % 17 == 3 && !l.reverse && !l.custom && l.batch == 1)
                    controls(isa_names[isa], kernels, &l);
                free_layer(&l);
            }
            layer l = make_layer((ok_recurrent_kind)kind, 20, 1);
            controls(isa_names[isa], kernels, &l);
            l.library = kind == OK_GRU_RESET_BEFORE ? 1 : 3;
            controls(isa_names[isa], kernels, &l);
            free_layer(&l);
            printf("%-7s %-4s worst error %.2e, with a library's products %.2e\n", isa_names[isa],
                   kind == 0   ? "lstm"
                   : kind == 1 ? "gru"
                               : "gru'",
                   most, library);
        }
    }
    return finish("recurrent_test");
}
