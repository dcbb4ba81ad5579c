// Convolution with long kernels through a transform: far fewer multiplications than taps.
#ifndef OK_TRANSFORM_H
#define OK_TRANSFORM_H

#include "ok_elementwise.h"

/// destination[b, o, t] = activation(bias[o] + Σ_c Σ_k weight[o, c, k] · source[b, c, t + k]), float32, whole
/// tensors: the source has columns + kernel - 1 columns.
///
/// The signal goes in blocks of 2 · points samples that yield 2 · points - kernel + 1 outputs each. Weights
/// are spectra (see kernels/transform.h), already divided by `points`: [points][panel][channel][re, im][panel
/// width], where a panel is `transform_vectors` vectors of outputs wide, the last one as wide as is left.
typedef struct ok_transform_args {
    int32_t source, destination;
    int32_t points; // complex length of the transform, a power of two >= kernel
    int32_t group;  // blocks whose spectra are held at a time
    int64_t batch, channels, outputs, kernel;
    int64_t offset;
    ok_len columns;
    ok_len source_batch_stride, source_row_stride, destination_batch_stride, destination_row_stride;
    const float *weights;
    const float *bias;  // padded to whole vectors
    const float *roots; // of all stages, first to last
    ok_activation activation;
    /// Scratch: one block of [points][re, im][lanes]; spectra [points][group][re, im][channels, outputs in
    /// whole vectors], each row of points being OK_TRANSFORM_GAP floats longer than that.
    int32_t block, source_spectra, output_spectra;
} ok_transform_args;

/// Keeps rows of spectra off a common multiple of 4096 bytes, where the first-level cache has few places.
enum { OK_TRANSFORM_GAP = 16 };

#endif
