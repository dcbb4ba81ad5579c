#include "ok_bnns.h"

static bool execute(const ok_bnns *model) {
    return BNNSGraphContextExecute(model->context, model->function, model->argument_count, model->arguments,
                                   model->workspace_size, model->workspace) == 0;
}

static void put(const ok_bnns *model, const ok_bnns_port *port, void *data) {
    model->arguments[port->position].data_ptr = data;
    model->arguments[port->position].data_ptr_size = port->byte_count;
}

static int32_t place(const ok_bnns *model, const ok_bnns_port *port, const ok_buffer *buffer) {
    if (buffer->byte_count != port->byte_count) return OK_SHAPE_MISMATCH;
    put(model, port, buffer->data);
    return OK_SUCCESS;
}

static int32_t run(const ok_bnns *model, const ok_buffer *inputs, const ok_buffer *outputs,
                   size_t output_count) {
    for (size_t i = 0; i < model->input_count; ++i) {
        if (!inputs[i].data) return OK_INVALID_ARGUMENT;
        int32_t status = place(model, &model->inputs[i], &inputs[i]);
        if (status != OK_SUCCESS) return status;
    }
    for (size_t i = 0; i < model->output_count; ++i) {
        ok_buffer sink = {model->sinks[i], model->outputs[i].byte_count};
        int32_t status =
            place(model, &model->outputs[i], i < output_count && outputs[i].data ? &outputs[i] : &sink);
        if (status != OK_SUCCESS) return status;
    }
    return execute(model) ? OK_SUCCESS : OK_INTERNAL;
}

int32_t ok_bnns_predict(void *opaque, const ok_buffer *inputs, size_t input_count, const ok_buffer *outputs,
                        size_t output_count) {
    ok_bnns *model = opaque;
    if (input_count != model->input_count || output_count > model->output_count) return OK_INVALID_ARGUMENT;
    if ((input_count && !inputs) || (output_count && !outputs)) return OK_INVALID_ARGUMENT;
    int32_t use = OK_IDLE;
    if (!__atomic_compare_exchange_n(&model->use, &use, OK_RUNNING, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return use == OK_RELEASED ? OK_NOT_READY : OK_INVALID_ARGUMENT;
    int32_t status = run(model, inputs, outputs, output_count);
    __atomic_store_n(&model->use, OK_IDLE, __ATOMIC_RELEASE);
    return status;
}

void ok_bnns_step(const void *opaque, ok_context *context) {
    const ok_bnns_step_args *args = opaque;
    ok_bnns *model = context->slots[args->model];
    if (model && !model->failed) {
        for (size_t i = 0; i < model->input_count; ++i)
            put(model, &model->inputs[i], context->slots[args->inputs[i]]);
        for (size_t i = 0; i < model->output_count; ++i)
            put(model, &model->outputs[i], context->slots[args->outputs[i]]);
        if (execute(model)) return;
        __atomic_store_n(&model->failed, 1, __ATOMIC_RELAXED);
        model->report(model->name);
    }
    ok_run_steps(args->fallback, args->fallback_count, context);
}

int32_t ok_bnns_has_failed(const ok_bnns *model) { return __atomic_load_n(&model->failed, __ATOMIC_RELAXED); }

int32_t ok_bnns_release(ok_bnns *model) {
    int32_t use = OK_IDLE;
    return __atomic_compare_exchange_n(&model->use, &use, OK_RELEASED, 0, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED) ||
           use == OK_RELEASED;
}

void ok_bnns_restore(ok_bnns *model) { __atomic_store_n(&model->use, OK_IDLE, __ATOMIC_RELEASE); }
