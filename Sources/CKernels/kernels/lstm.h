// LSTM: one pass over h fills all four gates of a panel, and its cells are updated while the sums are in registers.

typedef struct ok_lstm_gates { vf i, f, g, o; } ok_lstm_gates;

OK_INLINE vf ok_lstm_gate(const ok_recurrent_args *args, vf x, const int custom) {
    return custom ? ok_activate_vector(&args->gate, x) : v_sigmoid(x);
}
OK_INLINE vf ok_lstm_cell(const ok_recurrent_args *args, vf x, const int custom) {
    return custom ? ok_activate_vector(&args->cell, x) : v_tanh(x);
}

// From gates after their functions to the new c and h of `OK_LANES` units.
OK_INLINE void ok_lstm_update(const ok_recurrent_args *args, const ok_lstm_gates *gates, float *c, float *h, const int custom) {
    vf cell = v_fma(gates->f, v_load(c), gates->i * gates->g);
    v_store(c, cell);
    v_store(h, gates->o * (custom ? ok_activate_vector(&args->output_activation, cell) : v_tanh(cell)));
}

// The last units share vectors between gates: one holds [i f g o], or two hold [i f] and [g o].
OK_INLINE ok_lstm_gates ok_lstm_tail_gates(const ok_recurrent_args *args, const vf *sums, const int tail, const int custom) {
    if (tail == 1) {
        vf all = v_select(ok_quarters(2, 3), ok_lstm_cell(args, sums[0], custom), ok_lstm_gate(args, sums[0], custom));
        return (ok_lstm_gates){all, ok_rotate(all, 1), ok_rotate(all, 2), ok_rotate(all, 3)};
    }
    vf i_f = ok_lstm_gate(args, sums[0], custom);
    vf g_o = v_select(ok_quarters(0, 2), ok_lstm_cell(args, sums[1], custom), ok_lstm_gate(args, sums[1], custom));
    return (ok_lstm_gates){i_f, ok_rotate(i_f, 2), g_o, ok_rotate(g_o, 2)};
}

OK_INLINE void ok_lstm_panel(const ok_recurrence *state, int64_t tile, const ok_gate_input *input, const float *weights,
                             const int tiles, const int tail, const int custom) {
    const ok_recurrent_args *args = state->args;
    float *c = state->c + tile * OK_LANES, *h = state->h_next + tile * OK_LANES;
    enum { GATES = 4 };
    vf sums[16];
    ok_panel_input(input, sums, GATES * tiles + tail);
    ok_panel_product(weights, state->h, 1, args->hidden, sums, GATES * tiles + tail, OK_SPLIT(GATES * tiles + tail));
    OK_UNROLL for (int t = 0; t < tiles; ++t) {
        const vf *gate = sums + GATES * t;
        ok_lstm_gates gates = {ok_lstm_gate(args, gate[0], custom), ok_lstm_gate(args, gate[1], custom),
                               ok_lstm_cell(args, gate[2], custom), ok_lstm_gate(args, gate[3], custom)};
        ok_lstm_update(args, &gates, c + t * OK_LANES, h + t * OK_LANES, custom);
    }
    if (tail) {
        ok_lstm_gates gates = ok_lstm_tail_gates(args, sums + GATES * tiles, tail, custom);
        ok_lstm_update(args, &gates, c + tiles * OK_LANES, h + tiles * OK_LANES, custom);
    }
}

OK_INLINE void ok_lstm_step(const ok_recurrence *state, const float *row, const float *x, int64_t feature, const int custom) {
    const ok_layout *layout = &state->layout;
    int64_t inputs = state->args->inputs, hidden = state->args->hidden;
    const float *from_input = state->input_weights, *from_hidden = state->hidden_weights;
    for (int64_t tile = 0; tile < ok_panel_end(layout); tile += layout->group) {
        int64_t width = ok_panel_width(layout, tile);
        ok_gate_input input = {row ? row : from_input, from_input + width, x, feature, row ? 0 : inputs};
        switch (ok_panel_tiles(layout, tile) * 3 + ok_panel_tail(layout, tile)) {
#define OK_CASE(tiles, tail)                                                                                 \
    case (tiles) * 3 + (tail): ok_lstm_panel(state, tile, &input, from_hidden, tiles, tail, custom); break;
            OK_CASE(0, 1)
            OK_CASE(0, 2)
            OK_CASE(1, 0)
            OK_CASE(1, 1)
            OK_CASE(1, 2)
            OK_CASE(2, 0)
            OK_CASE(2, 1)
            OK_CASE(2, 2)
#undef OK_CASE
        }
        from_input += width * (1 + inputs);
        from_hidden += width * hidden;
        if (row) row += width;
    }
}

static void ok_lstm_step_plain(const ok_recurrence *state, const float *row, const float *x, int64_t feature) {
    ok_lstm_step(state, row, x, feature, 0);
}
static void ok_lstm_step_custom(const ok_recurrence *state, const float *row, const float *x, int64_t feature) {
    ok_lstm_step(state, row, x, feature, 1);
}

static void ok_lstm(const void *arguments, ok_context *context) {
    const ok_recurrent_args *args = arguments;
    if (args->activations) ok_recurrent_run(args, context, OK_LSTM, ok_lstm_step_custom, 0);
    else ok_recurrent_run(args, context, OK_LSTM, ok_lstm_step_plain, 0);
}
