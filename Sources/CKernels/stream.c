// The calls an audio thread makes. Real-time safe throughout.
#include "ok_stream.h"
#include <string.h>

void ok_instance_reset(ok_instance *instance) OK_REALTIME {
    memcpy(instance->state, instance->image, instance->state_bytes);
}

static int overlap(const ok_buffer *a, const ok_buffer *b) OK_REALTIME {
    uintptr_t x = (uintptr_t)a->data, y = (uintptr_t)b->data;
    return a->data && b->data && x < y + b->byte_count && y < x + a->byte_count;
}

int32_t ok_instance_process(ok_instance *instance, const float *input, float *output,
                            int64_t frames) OK_REALTIME {
    if (frames == 0) return OK_SUCCESS;
    if (!input || !output) return OK_INVALID_ARGUMENT;
    int32_t status = ok_set_length(instance->program, &instance->context, frames);
    if (status != OK_SUCCESS) return status;
    const ok_buffer in = {(void *)(uintptr_t)input,
                          (size_t)ok_length(instance->input_bytes[0], &instance->context)},
                    out = {output, (size_t)ok_length(instance->output_bytes[0], &instance->context)};
    // A plan may write the output before it has read all of the input; one place for both is planned for.
    if ((input != output || in.byte_count != out.byte_count) && overlap(&in, &out))
        return OK_INVALID_ARGUMENT;
    instance->context.slots[instance->input_slots[0]] = (void *)(uintptr_t)input;
    instance->context.slots[instance->output_slots[0]] = output;
    return ok_run(instance->program, &instance->context, frames);
}

// Before any buffer is looked at: no more of them than there are ports, and outputs overlap nothing, for a
// plan may write an output before it has read all of an input.
static int are_usable(const ok_instance *instance, const ok_buffer *inputs, size_t input_count,
                      const ok_buffer *outputs, size_t output_count) OK_REALTIME {
    if ((!inputs && input_count) || (!outputs && output_count) ||
        input_count > (size_t)instance->input_count || output_count > (size_t)instance->output_count)
        return 0;
    for (size_t i = 0; i < output_count; ++i) {
        for (size_t k = 0; k < input_count; ++k)
            if (overlap(&outputs[i], &inputs[k])) return 0;
        for (size_t k = 0; k < i; ++k)
            if (overlap(&outputs[i], &outputs[k])) return 0;
    }
    return 1;
}

// Puts buffers that `are_usable` in place, when they have the right sizes.
static int32_t bind_ports(ok_instance *instance, int64_t length, const ok_buffer *inputs, size_t input_count,
                          const ok_buffer *outputs, size_t output_count) OK_REALTIME {
    const ok_program *program = instance->program;
    ok_context *context = &instance->context;
    int32_t status = ok_set_length(program, context, length);
    if (status != OK_SUCCESS) return status;
    for (size_t i = 0; i < (size_t)instance->input_count; ++i) {
        void *data = i < input_count ? inputs[i].data : NULL;
        if (!data) {
            if (!instance->optional[i]) return OK_INVALID_ARGUMENT;
            data = instance->zeros;
        } else if ((int64_t)inputs[i].byte_count != ok_length(instance->input_bytes[i], context)) {
            return OK_SHAPE_MISMATCH;
        }
        context->slots[instance->input_slots[i]] = data;
    }
    for (size_t i = 0; i < (size_t)instance->output_count; ++i) {
        void *data = i < output_count ? outputs[i].data : NULL;
        if (!data)
            data = instance->sinks[i];
        else if ((int64_t)outputs[i].byte_count != ok_length(instance->output_bytes[i], context))
            return OK_SHAPE_MISMATCH;
        context->slots[instance->output_slots[i]] = data;
    }
    return OK_SUCCESS;
}

int32_t ok_instance_bind(ok_instance *instance, int64_t length, const ok_buffer *inputs, size_t input_count,
                         const ok_buffer *outputs, size_t output_count) OK_REALTIME {
    if (!are_usable(instance, inputs, input_count, outputs, output_count)) return OK_INVALID_ARGUMENT;
    int32_t status = bind_ports(instance, length, inputs, input_count, outputs, output_count);
    if (status == OK_SUCCESS && instance->state_bytes && !instance->keeps_state) ok_instance_reset(instance);
    return status;
}

int32_t ok_instance_run(ok_instance *instance, int64_t length, const ok_buffer *inputs, size_t input_count,
                        const ok_buffer *outputs, size_t output_count) OK_REALTIME {
    int32_t status = ok_instance_bind(instance, length, inputs, input_count, outputs, output_count);
    return status == OK_SUCCESS ? ok_run(instance->program, &instance->context, length) : status;
}

int32_t ok_instance_predict(void *opaque, const ok_buffer *inputs, size_t input_count,
                            const ok_buffer *outputs, size_t output_count) OK_REALTIME {
    ok_instance *instance = opaque;
    if (!are_usable(instance, inputs, input_count, outputs, output_count)) return OK_INVALID_ARGUMENT;
    int32_t use = OK_IDLE;
    if (!__atomic_compare_exchange_n(&instance->use, &use, OK_RUNNING, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return use == OK_RELEASED ? OK_NOT_READY : OK_INVALID_ARGUMENT;
    int64_t length = instance->program->max_length;
    int32_t status = bind_ports(instance, length, inputs, input_count, outputs, output_count);
    if (status == OK_SUCCESS) status = ok_run(instance->program, &instance->context, length);
    __atomic_store_n(&instance->use, OK_IDLE, __ATOMIC_RELEASE);
    return status;
}

int32_t ok_instance_release(ok_instance *instance) {
    int32_t use = OK_IDLE;
    return __atomic_compare_exchange_n(&instance->use, &use, OK_RELEASED, 0, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED) ||
           use == OK_RELEASED;
}

void ok_instance_restore(ok_instance *instance) {
    __atomic_store_n(&instance->use, OK_IDLE, __ATOMIC_RELEASE);
}

int32_t ok_inference_run(const ok_inference *inference, const ok_buffer *inputs, size_t input_count,
                         const ok_buffer *outputs, size_t output_count) OK_REALTIME {
    return inference->run(inference->context, inputs, input_count, outputs, output_count);
}

int32_t ok_defaults_run(void *opaque, const ok_buffer *inputs, size_t input_count, const ok_buffer *outputs,
                        size_t output_count) OK_REALTIME {
    const ok_defaults *defaults = opaque;
    if ((!inputs && input_count) || input_count > defaults->count) return OK_INVALID_ARGUMENT;
    ok_buffer given[OK_MAX_DEFAULTS];
    for (size_t i = 0; i < defaults->count; ++i)
        given[i] = i < input_count && inputs[i].data ? inputs[i] : defaults->inputs[i];
    return ok_inference_run(&defaults->model, given, defaults->count, outputs, output_count);
}

int32_t ok_instance_run_f32(ok_instance *instance, const float *input, size_t input_count, float *output,
                            size_t output_count) OK_REALTIME {
    ok_buffer in = {(void *)(uintptr_t)input, input_count * sizeof(float)};
    ok_buffer out = {output, output_count * sizeof(float)};
    return ok_instance_run(instance, instance->program->max_length, &in, 1, &out, 1);
}
