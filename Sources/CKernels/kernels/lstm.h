// LSTM: one pass over h fills all four gates of a panel, and its cells are updated while the sums are in
// registers.

// One vector a gate: e^-x for i, f and o and e^-2x for g (see ok_gate_exp), or the gates' values when they
// are custom.
typedef struct ok_lstm_gates {
    vf i, f, g, o;
} ok_lstm_gates;

// c' = f c + i g and h' = o tanh(c'), on common denominators: three divisions where gate by gate there are
// five.
OK_INLINE void ok_lstm_update(const ok_lstm_gates *e, float *c, float *h) {
    vf cell = v_load(c) / (e->f + 1.0f) + (1.0f - e->g) / ((e->i + 1.0f) * (e->g + 1.0f));
    vf e_cell = ok_gate_exp(cell, v_splat(OK_TANH_SCALE));
    v_store(c, cell);
    v_store(h, (1.0f - e_cell) / ((e->o + 1.0f) * (e_cell + 1.0f)));
}

OK_INLINE void ok_lstm_update_custom(const ok_recurrent_args *args, const ok_lstm_gates *gates, float *c,
                                     float *h) {
    vf cell = v_fma(gates->f, v_load(c), gates->i * gates->g);
    v_store(c, cell);
    v_store(h, gates->o * ok_activate_vector(&args->output_activation, cell));
}

// The function of sums whose lanes, where `is_g` is set, belong to g and else to another gate.
OK_INLINE vf ok_lstm_function(const ok_recurrent_args *args, vf sums, vi is_g, const int custom) {
    if (custom)
        return v_select(is_g, ok_activate_vector(&args->cell, sums), ok_activate_vector(&args->gate, sums));
    return ok_gate_exp(sums, v_select(is_g, v_splat(OK_TANH_SCALE), v_splat(OK_SIGMOID_SCALE)));
}

// The last units share vectors between gates: one holds [i f g o], or two hold [i f] and [g o].
OK_INLINE ok_lstm_gates ok_lstm_tail_gates(const ok_recurrent_args *args, const vf *sums, const int tail,
                                           const int custom) {
    if (tail == 1) {
        vf all = ok_lstm_function(args, sums[0], ok_quarters(2, 3), custom);
        return (ok_lstm_gates){all, ok_rotate(all, 1), ok_rotate(all, 2), ok_rotate(all, 3)};
    }
    vf i_f = ok_lstm_function(args, sums[0], ok_quarters(0, 0), custom);
    vf g_o = ok_lstm_function(args, sums[1], ok_quarters(0, 2), custom);
    return (ok_lstm_gates){i_f, ok_rotate(i_f, 2), g_o, ok_rotate(g_o, 2)};
}

OK_INLINE void ok_lstm_panel(const ok_recurrence *state, const ok_panel_view *view, const int tiles,
                             const int tail, const int custom) {
    const ok_recurrent_args *args = state->args;
    float *c = state->c + view->tile * OK_LANES, *h = state->h_next + view->tile * OK_LANES;
    const int vectors = 4 * tiles + tail;
    vf sums[16];
    ok_panel_input(&view->input, sums, vectors);
    ok_panel_product(view->weights, view->h, 1, view->count, sums, vectors, OK_SPLIT(vectors));
    OK_UNROLL
    for (int t = 0; t < tiles + (tail > 0); ++t, c += OK_LANES, h += OK_LANES) {
        const vf *gate = sums + 4 * t;
        vi none = ok_quarters(0, 0), all = ok_quarters(0, 4);
        ok_lstm_gates gates;
        if (t == tiles)
            gates = ok_lstm_tail_gates(args, gate, tail, custom);
        else
            gates = (ok_lstm_gates){
                ok_lstm_function(args, gate[0], none, custom), ok_lstm_function(args, gate[1], none, custom),
                ok_lstm_function(args, gate[2], all, custom), ok_lstm_function(args, gate[3], none, custom)};
        if (custom)
            ok_lstm_update_custom(args, &gates, c, h);
        else
            ok_lstm_update(&gates, c, h);
    }
}

static void ok_lstm_step(const ok_recurrence *state, const float *row, const float *x,
                         int64_t feature) OK_REALTIME {
    enum { custom = 0 };
    OK_FOR_PANELS(ok_lstm_panel)
}
static void ok_lstm_step_custom(const ok_recurrence *state, const float *row, const float *x,
                                int64_t feature) OK_REALTIME {
    enum { custom = 1 };
    OK_FOR_PANELS(ok_lstm_panel)
}

static void ok_lstm(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_recurrent_args *args = arguments;
    if (args->activations)
        ok_recurrent_run(args, context, OK_LSTM, ok_lstm_step_custom, 0);
    else
        ok_recurrent_run(args, context, OK_LSTM, ok_lstm_step, 0);
}
