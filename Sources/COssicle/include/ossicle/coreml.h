/// Core ML files on any platform: look into one, take its weights, compile it.
#ifndef OSSICLE_COREML_H
#define OSSICLE_COREML_H

#include "session.h"
#include "tensors.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A Core ML model that has been read but not made ready to run. Immutable: it may be used from several
/// threads at once. Its files are mapped and must not change while it lives.
typedef struct ossicle_coreml ossicle_coreml;

/// Opens a `.mlpackage`, a `.mlmodelc` (ML Program or the older Espresso form) or a `.mlmodel`, told apart by
/// what is in them. No weight is decoded yet.
/// @param path      UTF-8 path.
/// @param function  whose weights, in a program with several functions; NULL: the model's default.
/// @param coreml    receives the handle; untouched on failure. Destroy it with `ossicle_coreml_destroy`.
/// @return IO, MALFORMED, UNSUPPORTED (a pipeline, a tree ensemble …) naming the file; INVALID_ARGUMENT for
///         an unknown function, naming those there are.
OSSICLE_API int32_t ossicle_coreml_open(const char *path, const char *function, ossicle_coreml **coreml);
/// Frees the file. Lists of tensors made from it stay. INVALID_HANDLE as everywhere.
OSSICLE_API int32_t ossicle_coreml_destroy(ossicle_coreml *coreml);

/// What the file says of itself as a JSON object: `kind` ("program", "network", "espresso"),
/// `specification_version`, `default_function`, `functions` (each with `name`, `opset`, `inputs`, `outputs`,
/// `states`, `operations`: how many of each), `compute_precision`, `storage_precision`, `metadata`.
/// Flexible inputs have, beside their default shape, `ranges` ([lowest, highest or -1] of each axis) or
/// `enumerated` (shapes); an image has the shape of the array it is here; an input that may be left out has
/// `default`, what each element is then. Returns 0 for a wrong handle.
OSSICLE_API size_t ossicle_coreml_description(const ossicle_coreml *coreml, char *buffer, size_t capacity);

// --- weights

/// How many weights there are; 0 for a wrong handle.
OSSICLE_API int32_t ossicle_coreml_weight_count(const ossicle_coreml *coreml);

typedef struct ossicle_coreml_weight {
    uint32_t struct_size;
    int32_t rank;
    int64_t shape[OSSICLE_MAX_RANK]; ///< after decompression
    int64_t byte_count;              ///< what its elements take in the file, without scales and palettes
    int64_t offset;                  ///< where they begin in the file; -1: written inside the program
} ossicle_coreml_weight;

/// @param index  0 … count - 1, in program or layer order.
/// @return INVALID_ARGUMENT for another index, UNSUPPORTED for more than OSSICLE_MAX_RANK axes.
OSSICLE_API int32_t ossicle_coreml_weight_info(const ossicle_coreml *coreml, int32_t index,
                                               ossicle_coreml_weight *weight);

typedef enum ossicle_coreml_weight_text_kind {
    OSSICLE_WEIGHT_NAME = 0,       ///< Core ML's own: the constant's, or `layer.weight` … in an older network
    OSSICLE_WEIGHT_DTYPE = 1,      ///< of the stored elements: "float16", "int8", "uint4", "bfloat16" …
    OSSICLE_WEIGHT_FILE = 2,       ///< the file that holds the elements
    OSSICLE_WEIGHT_COMPRESSION = 3 ///< what expands it ("constexpr_lut_to_dense"); empty for a plain weight
} ossicle_coreml_weight_text_kind;

/// Returns 0 for a wrong handle or index.
OSSICLE_API size_t ossicle_coreml_weight_text(const ossicle_coreml *coreml, int32_t index, int32_t kind,
                                              char *buffer, size_t capacity);

/// Reads a weight as float32: half-width, quantised, palettised and sparse ones are expanded as Core ML
/// defines it.
/// @param name     as listed, or the label the constant was given where that is unique.
/// @param shape    the shape it must have; NULL accepts any.
/// @param options  receives warnings about unusual magnitudes; may be NULL.
/// @param data     room for `count` floats, row-major.
/// @return WEIGHTS when there is none of that name, its shape is another one (the message has both) or it
///         holds a NaN or an infinity; SHAPE_MISMATCH when `count` is not its number of elements; MALFORMED.
OSSICLE_API int32_t ossicle_coreml_weight_read(const ossicle_coreml *coreml, const char *name,
                                               const ossicle_shape *shape,
                                               const ossicle_load_options *options, float *data,
                                               size_t count);

typedef enum ossicle_coreml_layer_kind {
    OSSICLE_LAYER_LINEAR = 0, ///< weight [out, in], bias [out]
    OSSICLE_LAYER_CONV1D = 1, ///< weight [out, in / groups, kernel], bias [out]
    /// weight_ih_lN [4 hidden, in], weight_hh_lN [4 hidden, hidden], bias_ih_lN and bias_hh_lN [4 hidden],
    /// with rows i, f, g, o
    OSSICLE_LAYER_LSTM = 2,
    /// the same with 3 hidden rows r, z, n. Core ML resets before the recurrent product, PyTorch's GRU after
    /// it: without iOS 18's `reset_after` the weights fit a layer that resets before.
    OSSICLE_LAYER_GRU = 3
} ossicle_coreml_layer_kind;

/// Reads a layer's weights as PyTorch names and orders them, ready for `ossicle_sequential_set_weight`.
/// @param kind     ossicle_coreml_layer_kind.
/// @param name     Linear and Conv1d: the operation's label or output, the layer's name in an older network,
///                 or the path of the PyTorch module. Recurrent: how the operation's label, output or weight
///                 begins; empty takes them all.
/// @param layer    recurrent: which of those, from 0, in order of execution; N in the names.
/// @param reverse  recurrent: 1 for the backward half of a bidirectional layer, whose names end in _reverse.
/// @param tensors  receives the list; a layer without bias has none in it. Destroy it with
///                 `ossicle_tensors_destroy`.
/// @return WEIGHTS when no layer or more than one fits, or for a parameter that PyTorch's layer has not, by
///         name: peepholes, a clip, other activations.
OSSICLE_API int32_t ossicle_coreml_load_layer(const ossicle_coreml *coreml, int32_t kind, const char *name,
                                              int32_t layer, int32_t reverse,
                                              const ossicle_load_options *options, ossicle_tensors **tensors);

/// Reads one weight as float32 into a list of its own, under `name`; otherwise as
/// `ossicle_coreml_weight_read`, for callers who do not know its size.
OSSICLE_API int32_t ossicle_coreml_load_weight(const ossicle_coreml *coreml, const char *name,
                                               const ossicle_shape *shape,
                                               const ossicle_load_options *options,
                                               ossicle_tensors **tensors);

/// Reads every weight as float32. Infinities in a constant that is no layer's weight, such as an attention
/// mask, are kept, with a warning.
OSSICLE_API int32_t ossicle_coreml_load_all(const ossicle_coreml *coreml, const ossicle_load_options *options,
                                            ossicle_tensors **tensors);

// --- compiling

/// Compiles a package (`.mlpackage`, or a `.mlmodel` that holds an ML Program) into a `.mlmodelc` directory,
/// the form that Apple's systems load. The destination appears whole or not at all. No Apple system has
/// loaded one yet.
/// @param replace  1 replaces a compiled model at the destination; anything else there is never replaced.
/// @return IO, MALFORMED, INVALID_ARGUMENT when the destination exists, and UNSUPPORTED for older networks,
///         loops and conditions, and enumerated shapes, whose compiled spelling is not known.
OSSICLE_API int32_t ossicle_coreml_compile(const char *package, const char *destination, int32_t replace);

#ifdef __cplusplus
}
#endif
#endif
