// Predictions: the functions of inference.h that an audio thread may call. No allocation, no lock, no Swift.
#include "handles.h"

// How other engines than our own reset their states.
static void (*reset_elsewhere)(void *object);

void ok_inference_reset_with(void (*reset)(void *object)) { reset_elsewhere = reset; }

static ok_inference *find(const void *inference) {
    ok_handle_slot *slot = ok_handle_find(inference, OK_HANDLE_INFERENCE);
    return slot ? slot->instance : NULL;
}

int32_t ossicle_inference_predict(ossicle_inference *inference, const ossicle_buffer *inputs,
                                  size_t input_count, const ossicle_buffer *outputs, size_t output_count) {
    ok_inference *call = find(inference);
    if (!call) return OSSICLE_INVALID_HANDLE;
    return ok_inference_run(call, (const ok_buffer *)inputs, input_count, (const ok_buffer *)outputs,
                            output_count);
}

static int32_t predict_f32(ok_inference *call, const float *input, size_t input_count, float *output,
                           size_t output_count) {
    ok_buffer x = {(void *)(uintptr_t)input, input_count * sizeof(float)};
    ok_buffer y = {output, output_count * sizeof(float)};
    return ok_inference_run(call, &x, 1, &y, 1);
}

int32_t ossicle_inference_predict_f32(ossicle_inference *inference, const float *input, size_t input_count,
                                      float *output, size_t output_count) {
    ok_inference *call = find(inference);
    if (!call) return OSSICLE_INVALID_HANDLE;
    if (!input || !output) return OSSICLE_INVALID_ARGUMENT;
    return predict_f32(call, input, input_count, output, output_count);
}

int32_t ossicle_inference_predict_batch_f32(ossicle_inference *inference, size_t batch, const float *input,
                                            size_t input_count, float *output, size_t output_count) {
    ok_inference *call = find(inference);
    if (!call) return OSSICLE_INVALID_HANDLE;
    if (batch == 0) return input_count || output_count ? OSSICLE_SHAPE_MISMATCH : OSSICLE_OK;
    if (!input || !output) return OSSICLE_INVALID_ARGUMENT;
    if (input_count % batch || output_count % batch) return OSSICLE_SHAPE_MISMATCH;
    size_t x = input_count / batch, y = output_count / batch;
    for (size_t i = 0; i < batch; ++i) {
        int32_t status = predict_f32(call, input + i * x, x, output + i * y, y);
        if (status != OSSICLE_OK) return status;
    }
    return OSSICLE_OK;
}

int32_t ossicle_inference_reset_state(ossicle_inference *inference) {
    ok_handle_slot *slot = ok_handle_find(inference, OK_HANDLE_INFERENCE);
    if (!slot) return OSSICLE_INVALID_HANDLE;
    const ok_inference *call = slot->instance;
    if (call->run == ok_defaults_run) call = &((const ok_defaults *)call->context)->model;
    if (call->run == ok_instance_predict)
        ok_instance_reset(call->context);
    else
        reset_elsewhere(slot->object);
    return OSSICLE_OK;
}
