// What LSTM and GRU share: products with packed panels, the projection of a chunk of inputs, the walk over
// steps.
#include "kernels/gates.h"
#include "kernels/recurrent_layout.h"

// accumulators[v] += sum over k of weights[k][v] x[k]. `vectors` and `split` are constants: the sums are kept
// in `split` interleaved parts, so that short rows have enough independent chains to hide the multiply-add's
// latency.
OK_INLINE void ok_panel_product(const float *weights, const float *x, int64_t feature, int64_t count,
                                vf *sums, const int vectors, const int split) {
    vf part[3][16];
    OK_UNROLL
    for (int s = 1; s < split; ++s) OK_UNROLL
    for (int v = 0; v < vectors; ++v) part[s - 1][v] = v_zero();
    int64_t k = 0;
    for (; k + split <= count; k += split, x += split * feature, weights += split * vectors * OK_LANES) {
        OK_UNROLL
        for (int s = 0; s < split; ++s) {
            vf value = v_splat(x[s * feature]);
            OK_UNROLL
            for (int v = 0; v < vectors; ++v) {
                vf *sum = s == 0 ? &sums[v] : &part[s - 1][v];
                *sum = v_fma(v_load(weights + (s * vectors + v) * OK_LANES), value, *sum);
            }
        }
    }
    for (; k < count; ++k, x += feature, weights += vectors * OK_LANES) OK_UNROLL
    for (int v = 0; v < vectors; ++v) sums[v] = v_fma(v_load(weights + v * OK_LANES), v_splat(*x), sums[v]);
    OK_UNROLL
    for (int s = 1; s < split; ++s) OK_UNROLL
    for (int v = 0; v < vectors; ++v) sums[v] += part[s - 1][v];
}

// The parts that give a panel of so many vectors about eight chains.
#define OK_SPLIT(vectors) ((vectors) == 1 ? 4 : (vectors) < 4 ? 3 : (vectors) < 7 ? 2 : 1)

// Gate values of one step's input for one panel: ready in a projected row, or bias plus the fused product.
typedef struct ok_gate_input {
    const float *start;   // one value a column
    const float *weights; // and the rows of `count` features to add
    const float *x;
    int64_t feature, count;
} ok_gate_input;

OK_INLINE void ok_panel_input(const ok_gate_input *input, vf *sums, const int vectors) {
    OK_UNROLL
    for (int v = 0; v < vectors; ++v) sums[v] = v_load(input->start + v * OK_LANES);
    ok_panel_product(input->weights, input->x, input->feature, input->count, sums, vectors, 1);
}

// Rows of inputs times some of a panel's columns; every sum runs over k in order, so the tiling does not
// show.
OK_INLINE void ok_project_tile(const float *weights, int64_t width, const float *x, int64_t step,
                               int64_t feature, int64_t count, float *rows, int64_t row_width,
                               const int vectors, const int height) {
    vf sums[6][4];
    OK_UNROLL
    for (int r = 0; r < height; ++r) OK_UNROLL
    for (int v = 0; v < vectors; ++v) sums[r][v] = v_load(weights + v * OK_LANES);
    for (int64_t k = 0; k < count; ++k) {
        weights += width;
        OK_UNROLL
        for (int r = 0; r < height; ++r) {
            vf value = v_splat(x[r * step + k * feature]);
            OK_UNROLL
            for (int v = 0; v < vectors; ++v)
                sums[r][v] = v_fma(v_load(weights + v * OK_LANES), value, sums[r][v]);
        }
    }
    OK_UNROLL
    for (int r = 0; r < height; ++r) OK_UNROLL
    for (int v = 0; v < vectors; ++v) v_store(rows + r * row_width + v * OK_LANES, sums[r][v]);
}

#if defined(OK_ISA_AVX512) || defined(OK_ISA_NEON)
enum { OK_PROJECTION_HEIGHT = 6 }; // with 4 vectors, 24 of 32 registers
#else
enum { OK_PROJECTION_HEIGHT = 3 };
#endif

OK_INLINE void ok_project_columns(const float *weights, int64_t width, const float *x, int64_t step,
                                  int64_t feature, int64_t count, float *rows, int64_t row_width,
                                  int64_t steps, const int vectors) {
    int64_t r = 0;
    for (; r + OK_PROJECTION_HEIGHT <= steps; r += OK_PROJECTION_HEIGHT)
        ok_project_tile(weights, width, x + r * step, step, feature, count, rows + r * row_width, row_width,
                        vectors, OK_PROJECTION_HEIGHT);
    for (; r < steps; ++r)
        ok_project_tile(weights, width, x + r * step, step, feature, count, rows + r * row_width, row_width,
                        vectors, 1);
}

// Bias plus W_ih x for `steps` inputs, columns in packed order.
static void ok_project(const ok_layout *layout, const float *weights, int64_t inputs, const float *x,
                       int64_t step, int64_t feature, float *rows, int64_t steps) {
    int64_t row_width = ok_layout_width(layout);
    for (int64_t tile = 0; tile < ok_panel_end(layout); tile += layout->group) {
        int64_t width = ok_panel_width(layout, tile), column = 0;
        for (; column + 4 * OK_LANES <= width; column += 4 * OK_LANES)
            ok_project_columns(weights + column, width, x, step, feature, inputs, rows + column, row_width,
                               steps, 4);
        for (; column < width; column += OK_LANES)
            ok_project_columns(weights + column, width, x, step, feature, inputs, rows + column, row_width,
                               steps, 1);
        weights += width * (1 + inputs);
        rows += width;
    }
}

// One panel's share of a step.
typedef struct ok_panel_view {
    int64_t tile, width;
    int tiles, tail;
    ok_gate_input input;
    const float *weights; // recurrent columns, after the bias where there is one
    const float *h;       // what they are multiplied with
    int64_t count;        // columns
} ok_panel_view;

// The state of one direction while it walks over the steps of one batch row.
typedef struct ok_recurrence {
    const ok_recurrent_args *args;
    ok_layout layout;
    const float *input_weights, *hidden_weights;
    int backward;          // visit the panels from the last to the first
    float *h, *h_next, *c; // padded to whole tiles; a panel writes h_next while others still read h
    float *sums;           // of the recurrent product and its bias when a library did it, else NULL
} ok_recurrence;

// One step: from h (and c) to h_next. `row` is the projected input, or NULL: then x is multiplied here.
typedef void (*ok_recurrent_step)(const ok_recurrence *state, const float *row, const float *x,
                                  int64_t feature) OK_REALTIME;

static const float ok_one = 1;

// Panel `index` of a step, counted in the order of the walk. Every other step goes backward: weights that do
// not all fit a cache are then met again while the last of them are still there. The sums do not change.
OK_INLINE ok_panel_view ok_panel_at(const ok_recurrence *state, int64_t index, int64_t panels,
                                    const float *row, const float *x, int64_t feature) {
    const ok_layout *layout = &state->layout;
    int64_t inputs = state->args->inputs, hidden = state->args->hidden + (layout->gates == 3);
    int64_t tile = (state->backward ? panels - 1 - index : index) * layout->group;
    int64_t before = tile * layout->gates * OK_LANES, width = ok_panel_width(layout, tile);
    ok_panel_view view = {.tile = tile,
                          .width = width,
                          .tiles = (int)ok_panel_tiles(layout, tile),
                          .tail = ok_panel_tail(layout, tile),
                          .h = state->h,
                          .count = state->args->hidden};
    if (!state->sums) {
        view.weights = state->hidden_weights + before * hidden;
    } else {
        // A GRU finds its sums where the bias would be, and no columns; an LSTM adds one column, times 1.
        view.weights = state->sums + before;
        view.h = &ok_one;
        view.count = layout->gates == 4;
    }
    if (row) {
        view.input = (ok_gate_input){row + before, NULL, x, feature, 0};
    } else {
        const float *weights = state->input_weights + before * (1 + inputs);
        view.input = (ok_gate_input){weights, weights + width, x, feature, inputs};
    }
    return view;
}

// Calls panel(state, &view, tiles, tail, custom) with constants in the last three places.
#define OK_PANEL_CASE(panel, count, rest)                                                                    \
    case (count) * 3 + (rest):                                                                               \
        panel(state, &view, count, rest, custom);                                                            \
        break;
#define OK_FOR_PANELS(panel)                                                                                 \
    int64_t panels = (ok_panel_end(&state->layout) + state->layout.group - 1) / state->layout.group;         \
    for (int64_t index = 0; index < panels; ++index) {                                                       \
        ok_panel_view view = ok_panel_at(state, index, panels, row, x, feature);                             \
        switch (view.tiles * 3 + view.tail) {                                                                \
            OK_PANEL_CASE(panel, 0, 1)                                                                       \
            OK_PANEL_CASE(panel, 0, 2)                                                                       \
            OK_PANEL_CASE(panel, 1, 0)                                                                       \
            OK_PANEL_CASE(panel, 1, 1)                                                                       \
            OK_PANEL_CASE(panel, 1, 2)                                                                       \
            OK_PANEL_CASE(panel, 2, 0)                                                                       \
            OK_PANEL_CASE(panel, 2, 1)                                                                       \
            OK_PANEL_CASE(panel, 2, 2)                                                                       \
        }                                                                                                    \
    }

OK_INLINE float *ok_series_at(const ok_series *series, int64_t row, const ok_context *context) {
    return (float *)context->slots[series->slot] + series->offset + row * ok_length(series->batch, context);
}

OK_INLINE void ok_state_read(const ok_state *state, int64_t row, float *h, int64_t hidden,
                             const ok_context *context) {
    if (state->slot < 0) return;
    const float *source = context->slots[state->slot];
    memcpy(h, source + state->offset + row * ok_length(state->batch, context), (size_t)hidden * sizeof *h);
}

OK_INLINE void ok_state_write(const ok_state *state, int64_t row, const float *h, int64_t hidden,
                              const ok_context *context) {
    if (state->slot < 0) return;
    float *target = context->slots[state->slot];
    memcpy(target + state->offset + row * ok_length(state->batch, context), h, (size_t)hidden * sizeof *h);
}

OK_INLINE void ok_row_copy(const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + OK_LANES <= n; i += OK_LANES) v_store(y + i, v_load(x + i));
    if (i < n) v_store_part(y + i, v_load(x + i), n - i); // x is padded
}

// Gate values of the next `steps` inputs, from x on in the direction of the walk. Answers the first row and
// sets how far apart they are.
OK_INLINE const float *ok_project_chunk(const ok_recurrence *state, const float *x, int64_t step,
                                        int64_t feature, int64_t steps, float *rows, int64_t *stride) {
    const ok_recurrent_args *args = state->args;
    const ok_recurrent_products *products = args->products;
    int64_t width = ok_layout_width(&state->layout);
    *stride = width;
    if (!products || !products->input_weights) {
        ok_project(&state->layout, state->input_weights, args->inputs, x, step, feature, rows, steps);
        return rows;
    }
    for (int64_t r = 0; r < steps; ++r)
        memcpy(rows + r * width, products->input_bias, (size_t)width * sizeof *rows);
    int64_t last = step < 0 ? steps - 1 : 0; // a library takes rows in the order of memory
    products->add(products->input_weights, width, args->inputs, x + last * step, step < 0 ? -step : step,
                  steps, rows);
    if (step < 0) *stride = -width;
    return rows + last * width;
}

OK_INLINE void ok_add_hidden(const ok_recurrence *state) {
    const ok_recurrent_products *products = state->args->products;
    int64_t width = ok_layout_width(&state->layout), hidden = state->args->hidden;
    memcpy(state->sums, products->hidden_bias, (size_t)width * sizeof *state->sums);
    products->add(products->hidden_weights, width, hidden, state->h, hidden, 1, state->sums);
}

// Walks one batch row. `step` and `in_place` (h_next is h) are constants where this is called.
OK_INLINE void ok_recurrent_row(ok_recurrence *state, int64_t row, int64_t steps, ok_context *context,
                                float *projected, int64_t chunk, const ok_recurrent_step step,
                                const int in_place) {
    const ok_recurrent_args *args = state->args;
    int64_t x_step = ok_length(args->input.step, context), y_step = ok_length(args->output.step, context);
    int64_t feature = ok_length(args->input.feature, context), hidden = args->hidden;
    const float *x = ok_series_at(&args->input, row, context);
    float *y = args->output.slot >= 0 ? ok_series_at(&args->output, row, context) : NULL;
    if (args->reverse) {
        x += (steps - 1) * x_step, x_step = -x_step;
        if (y) y += (steps - 1) * y_step, y_step = -y_step;
    }
    const float *ready = NULL; // gate values of steps `first` up to `end`
    int64_t stride = 0, first = 0, end = 0;
    for (int64_t t = 0; t < steps; ++t, x += x_step) {
        if (chunk > 0 && t == end) {
            first = t, end = steps - t < chunk ? steps : t + chunk;
            ready = ok_project_chunk(state, x, x_step, feature, end - t, projected, &stride);
        }
        if (state->sums) ok_add_hidden(state);
        step(state, ready ? ready + (t - first) * stride : NULL, x, feature);
        state->backward ^= 1;
        if (!in_place) {
            float *h = state->h;
            state->h = state->h_next, state->h_next = h;
        }
        if (y) ok_row_copy(state->h, y, hidden), y += y_step;
    }
}

OK_INLINE void ok_recurrent_run(const ok_recurrent_args *args, ok_context *context, ok_recurrent_kind kind,
                                const ok_recurrent_step step, const int in_place) {
    ok_recurrence state = {.args = args, .layout = ok_layout_of(kind, OK_LANES, args->hidden)};
    int64_t units = ok_layout_units(&state.layout), steps = ok_length(args->steps, context);
    int64_t batch = ok_length(args->batch, context);
    float *scratch = context->slots[args->scratch];
    int64_t width = ok_layout_width(&state.layout);
    int64_t chunk = ok_projection_steps(kind, args->inputs, args->products);
    float *projected = scratch + 3 * units;
    if (args->products && args->products->hidden_weights) state.sums = projected + chunk * width;
    if (args->weights) {
        state.input_weights = args->weights;
        state.hidden_weights = args->weights + width * (1 + args->inputs);
    }
    for (int64_t row = 0; row < batch; ++row) {
        state.h = scratch, state.h_next = scratch + units, state.c = scratch + 2 * units;
        memset(scratch, 0, (size_t)(3 * units) * sizeof *scratch);
        ok_state_read(&args->h, row, state.h, args->hidden, context);
        if (kind == OK_LSTM) ok_state_read(&args->c, row, state.c, args->hidden, context);
        ok_recurrent_row(&state, row, steps, context, projected, chunk, step, in_place);
        ok_state_write(&args->h_end, row, state.h, args->hidden, context);
        if (kind == OK_LSTM) ok_state_write(&args->c_end, row, state.c, args->hidden, context);
    }
}
