// GRU. The input's and the recurrent part of the new gate stay apart until r has multiplied the latter.

// With e = e^-x for r and z and e^-2x for n, h' = (1 - z) n + z h has one common denominator:
// ((1 - e_n) e_z + (1 + e_n) h) / ((1 + e_n) (1 + e_z)).
OK_INLINE void ok_gru_update(vf e_r, vf e_z, vf n_input, vf n_hidden, const float *h, float *next) {
    vf e_n = ok_gate_exp(n_input + n_hidden / (e_r + 1.0f), v_splat(OK_TANH_SCALE));
    vf n = e_n + 1.0f;
    v_store(next, v_fma(1.0f - e_n, e_z, n * v_load(h)) / (n * (e_z + 1.0f)));
}

OK_INLINE void ok_gru_update_custom(const ok_recurrent_args *args, vf r, vf z, vf n_input, vf n_hidden,
                                    const float *h, float *next) {
    vf n = ok_activate_vector(&args->cell, v_fma(r, n_hidden, n_input));
    v_store(next, v_fma(z, v_load(h) - n, n));
}

OK_INLINE vf ok_gru_function(const ok_recurrent_args *args, vf sums, const int custom) {
    return custom ? ok_activate_vector(&args->gate, sums) : ok_gate_exp(sums, v_splat(OK_SIGMOID_SCALE));
}

OK_INLINE void ok_gru_panel(const ok_recurrence *state, const ok_panel_view *view, const int tiles,
                            const int tail, const int custom) {
    const ok_recurrent_args *args = state->args;
    const float *h = state->h + view->tile * OK_LANES;
    float *next = state->h_next + view->tile * OK_LANES;
    const int vectors = 3 * tiles + tail;
    vf ready[8], sums[8]; // from x, with its biases; from h, with b_hn
    ok_panel_input(&view->input, ready, vectors);
    OK_UNROLL
    for (int v = 0; v < vectors; ++v) sums[v] = v_load(view->weights + v * OK_LANES);
    ok_panel_product(view->weights + vectors * OK_LANES, view->h, 1, view->count, sums, vectors,
                     OK_SPLIT(vectors));
    OK_UNROLL
    for (int t = 0; t < tiles + (tail > 0); ++t, h += OK_LANES, next += OK_LANES) {
        const vf *a = ready + 3 * t, *b = sums + 3 * t;
        vf r = ok_gru_function(args, a[0] + b[0], custom), z, n_input, n_hidden;
        if (t == tiles) { // the tail: [r z n .], or [r z] and [n .]
            z = ok_rotate(r, tail);
            n_input = tail == 1 ? ok_rotate(a[0], 2) : a[1];
            n_hidden = tail == 1 ? ok_rotate(b[0], 2) : b[1];
        } else {
            z = ok_gru_function(args, a[1] + b[1], custom);
            n_input = a[2], n_hidden = b[2];
        }
        if (custom)
            ok_gru_update_custom(args, r, z, n_input, n_hidden, h, next);
        else
            ok_gru_update(r, z, n_input, n_hidden, h, next);
    }
}

static void ok_gru_step(const ok_recurrence *state, const float *row, const float *x,
                        int64_t feature) OK_REALTIME {
    enum { custom = 0 };
    OK_FOR_PANELS(ok_gru_panel)
}
static void ok_gru_step_custom(const ok_recurrence *state, const float *row, const float *x,
                               int64_t feature) OK_REALTIME {
    enum { custom = 1 };
    OK_FOR_PANELS(ok_gru_panel)
}

static void ok_gru(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_recurrent_args *args = arguments;
    if (args->activations)
        ok_recurrent_run(args, context, OK_GRU, ok_gru_step_custom, 0);
    else
        ok_recurrent_run(args, context, OK_GRU, ok_gru_step, 0);
}

// Reset before the product: n needs r of every unit, so a step is two passes, r and z of all tiles, then n.
// This layout has no tail.
OK_INLINE void ok_reset_before_sums(const ok_panel_view *view, int64_t count, const float *x, int64_t at,
                                    vf *sums, const int gates) {
    const float *weights = view->weights + at;
    OK_UNROLL
    for (int g = 0; g < gates; ++g)
        sums[g] = v_load(view->input.start + at + g * OK_LANES) + v_load(weights + g * OK_LANES);
    for (int64_t k = 0; k < count; ++k) {
        weights += view->width;
        OK_UNROLL
        for (int g = 0; g < gates; ++g)
            sums[g] = v_fma(v_load(weights + g * OK_LANES), v_splat(x[k]), sums[g]);
    }
}

static void ok_reset_before_step(const ok_recurrence *state, const float *row, const float *x,
                                 int64_t feature) OK_REALTIME {
    const ok_recurrent_args *args = state->args;
    ok_activation gate = {OK_SIGMOID, 0, 0}, cell = {OK_TANH, 0, 0};
    if (args->activations) gate = args->gate, cell = args->cell;
    int64_t panels = (ok_panel_end(&state->layout) + state->layout.group - 1) / state->layout.group;
    for (int pass = 0; pass < 2; ++pass)
        for (int64_t index = 0; index < panels; ++index) {
            ok_panel_view view = ok_panel_at(state, index, panels, row, x, feature);
            for (int64_t t = 0; t < view.tiles; ++t) {
                int64_t at = t * 3 * OK_LANES, unit = (view.tile + t) * OK_LANES;
                float *h = state->h + unit, *reset = state->h_next + unit, *update = state->c + unit;
                vf sums[2];
                if (pass == 0) {
                    ok_reset_before_sums(&view, args->hidden, state->h, at, sums, 2);
                    v_store(reset, ok_activate_vector(&gate, sums[0]) * v_load(h));
                    v_store(update, ok_activate_vector(&gate, sums[1]));
                } else {
                    ok_reset_before_sums(&view, args->hidden, state->h_next, at + 2 * OK_LANES, sums, 1);
                    vf n = ok_activate_vector(&cell, sums[0]);
                    v_store(h, v_fma(v_load(update), v_load(h) - n, n));
                }
            }
        }
}

static void ok_gru_reset_before(const void *arguments, ok_context *context) OK_REALTIME {
    ok_recurrent_run(arguments, context, OK_GRU_RESET_BEFORE, ok_reset_before_step, 1);
}
