/// Sessions: whole tensors in, whole tensors out, shapes fixed when the session is made.
#ifndef OSSICLE_SESSION_H
#define OSSICLE_SESSION_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ossicle_session ossicle_session;

typedef struct ossicle_shape {
    int32_t rank;
    int32_t reserved;
    int64_t extent[OSSICLE_MAX_RANK];
} ossicle_shape;

/// Plans memory, packs weights and makes everything ready for runs of exactly these input shapes.
/// @param shapes  one for each required input of the model, in the order of its ports; NULL when all are
/// static. The
///                shapes of optional inputs follow from them.
///                A leading batch axis that the port does not have is accepted where the model's layers take
///                one.
/// @return SHAPE_MISMATCH with both shapes, UNSUPPORTED, OUT_OF_MEMORY.
OSSICLE_API int32_t ossicle_session_create(const ossicle_model *model, const ossicle_shape *shapes,
                                           size_t shape_count, ossicle_session **session);
/// Frees the session.
OSSICLE_API int32_t ossicle_session_destroy(ossicle_session *session);

/// The shape of a port for the shapes this session was made for.
OSSICLE_API int32_t ossicle_session_shape(const ossicle_session *session, int32_t direction, int32_t index,
                                          ossicle_shape *shape);

/// A caller-owned dense row-major buffer.
typedef struct ossicle_buffer {
    void *data;
    size_t byte_count; ///< must be exactly what the port's shape needs
} ossicle_buffer;

/// Runs once. Inputs and outputs may not overlap. Recurrent state that is not an input starts at zero.
/// Optional inputs (initial states) are left out by `data == NULL` and then start at zero.
/// [real-time] where `ossicle_session_is_realtime` says so: with OSSICLE_COMPUTE_CPU always.
/// @return INVALID_ARGUMENT for buffers that overlap or are missing, SHAPE_MISMATCH for other sizes.
OSSICLE_API int32_t ossicle_session_run(ossicle_session *session, const ossicle_buffer *inputs,
                                        size_t input_count, const ossicle_buffer *outputs,
                                        size_t output_count);

/// The shortest way for models with one float32 input and output; counts are elements. Overlap is
/// INVALID_ARGUMENT. Further optional inputs start at zero, further outputs are dropped.
/// [real-time] as `ossicle_session_run`.
OSSICLE_API int32_t ossicle_session_run_f32(ossicle_session *session, const float *input, size_t input_count,
                                            float *output, size_t output_count);

/// 1 where the engine's own kernels run all of it, so that the two calls above are real-time safe; 0 where a
/// GPU or a library of the system takes part, and for a wrong handle.
OSSICLE_API int32_t ossicle_session_is_realtime(const ossicle_session *session);

/// Bytes this session holds beside the model: workspace and state.
OSSICLE_API size_t ossicle_session_memory(const ossicle_session *session);

/// The plan of this session: steps, kernels, buffers, bytes and FLOPs.
OSSICLE_API size_t ossicle_session_plan(const ossicle_session *session, char *buffer, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
