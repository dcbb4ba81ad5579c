/// Named arrays that a reader hands over.
#ifndef OSSICLE_TENSORS_H
#define OSSICLE_TENSORS_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/// An immutable list of named arrays, made by `ossicle_safetensors_load`, `ossicle_coreml_load_all` and
/// `ossicle_coreml_load_layer`.
/// May be used from several threads at once.
typedef struct ossicle_tensors ossicle_tensors;

/// Frees the list with its arrays.
OSSICLE_API int32_t ossicle_tensors_destroy(ossicle_tensors *tensors);

/// Every tensor of a safetensors file, in the order of its header, as it is stored; values are not judged.
/// The file stays mapped while the list lives.
/// @return IO or MALFORMED naming the file and the tensor; UNSUPPORTED.
OSSICLE_API int32_t ossicle_safetensors_load(const char *path, ossicle_tensors **tensors);

/// The same from `count` bytes in memory, which are copied. `name` (may be NULL) stands for the file in
/// messages.
OSSICLE_API int32_t ossicle_safetensors_load_bytes(const void *bytes, size_t count, const char *name,
                                                   ossicle_tensors **tensors);

/// How many there are; 0 for a wrong handle.
OSSICLE_API int32_t ossicle_tensors_count(const ossicle_tensors *tensors);

/// One array, dense and row-major.
typedef struct ossicle_tensor {
    uint32_t struct_size;
    int32_t dtype; ///< ossicle_dtype
    int32_t rank;
    int32_t reserved;
    int64_t shape[OSSICLE_MAX_RANK];
    const void *data; ///< belongs to the list and lives as long as it
    size_t byte_count;
} ossicle_tensor;

/// @return INVALID_ARGUMENT for an index out of range, UNSUPPORTED for more than OSSICLE_MAX_RANK axes.
OSSICLE_API int32_t ossicle_tensors_get(const ossicle_tensors *tensors, int32_t index,
                                        ossicle_tensor *tensor);

/// The name of an array; 0 for a wrong handle or index.
OSSICLE_API size_t ossicle_tensors_name(const ossicle_tensors *tensors, int32_t index, char *buffer,
                                        size_t capacity);

/// Writes all of them into a safetensors file, in its canonical order. An existing file is replaced.
/// @return IO naming the path and the system's reason.
OSSICLE_API int32_t ossicle_tensors_save(const ossicle_tensors *tensors, const char *path);

#ifdef __cplusplus
}
#endif
#endif
