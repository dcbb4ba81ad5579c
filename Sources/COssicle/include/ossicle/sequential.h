/// Building a model layer by layer, with PyTorch's module names, arguments and weight names.
#ifndef OSSICLE_SEQUENTIAL_H
#define OSSICLE_SEQUENTIAL_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ossicle_sequential ossicle_sequential;

/// An empty one; destroy it with `ossicle_sequential_destroy`.
OSSICLE_API int32_t ossicle_sequential_create(ossicle_sequential **sequential);
/// Frees it; models built from it go on.
OSSICLE_API int32_t ossicle_sequential_destroy(ossicle_sequential *sequential);

/// Appends a layer.
/// @param module     PyTorch's class name: "Linear", "LSTM", "GRU", "Conv1d", "ConvTranspose1d",
/// "BatchNorm1d",
///                   "ReLU" …
/// @param arguments  its constructor arguments as a JSON object under PyTorch's names, such as
///                   {"in_channels": 1, "out_channels": 8, "kernel_size": 3}; NULL for none.
///                   Recurrent layers are batch-first. Conv1d also takes "padding": "causal".
/// @param unchecked  1 skips the check against the previous layer's output shape.
/// @return SHAPE_MISMATCH with both shapes, INVALID_ARGUMENT naming the argument, UNSUPPORTED for an unknown
/// class.
OSSICLE_API int32_t ossicle_sequential_add(ossicle_sequential *sequential, const char *module,
                                           const char *arguments, int32_t unchecked);

/// Gives a weight by its state_dict name: "INDEX.weight" (or just "weight" when there is one layer only).
/// The data is copied. Float types only.
OSSICLE_API int32_t ossicle_sequential_set_weight(ossicle_sequential *sequential, const char *name,
                                                  int32_t dtype, const int64_t *shape, int32_t rank,
                                                  const void *data);

/// Takes every weight from a safetensors file with state_dict names.
OSSICLE_API int32_t ossicle_sequential_load_weights(ossicle_sequential *sequential, const char *path);

/// Where the weights come from, as messages are to call it: "state_dict" unless said otherwise.
OSSICLE_API int32_t ossicle_sequential_set_source(ossicle_sequential *sequential, const char *name);

/// Validates the weights (every one given, none left over, all finite) and makes the model.
/// The sequential can be changed and built again; models already built stay as they are.
/// @param options  may be NULL: no warnings, OSSICLE_COMPUTE_DEFAULT, which is AUTOMATIC here.
/// @return WEIGHTS naming the tensor, SHAPE_MISMATCH, NOT_READY without layers; UNSUPPORTED for a GPU that is
///         asked for and is not there.
OSSICLE_API int32_t ossicle_sequential_build(ossicle_sequential *sequential,
                                             const ossicle_load_options *options, ossicle_model **model);

/// Memory of the values between layers in one run of `length` (the dynamic dimension): what the planner
/// needs, and what one buffer a value would have taken. Kernels' working space and weights are apart.
typedef struct ossicle_buffer_stats {
    uint32_t struct_size;
    int32_t buffer_count; ///< buffers used in turn
    int32_t naive_count;  ///< values they hold
    int32_t reserved;
    int64_t allocated_bytes;
    int64_t naive_bytes;
    int64_t scratch_bytes; ///< working space of kernels, beside allocated_bytes
} ossicle_buffer_stats;

/// Fills `stats`, whose `struct_size` is set. What a build would return, weights apart.
OSSICLE_API int32_t ossicle_sequential_buffer_stats(const ossicle_sequential *sequential, int64_t length,
                                                    ossicle_buffer_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
