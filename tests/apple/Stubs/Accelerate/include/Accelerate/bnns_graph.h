// The C interface of BNNS Graph (macOS 15, iOS 18).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#pragma clang assume_nonnull begin

typedef enum BNNSDataType {
    BNNSDataTypeFloatBit = 0x10000,
    BNNSDataTypeFloat16 = 0x10000 | 16,
    BNNSDataTypeFloat32 = 0x10000 | 32,
    BNNSDataTypeIntBit = 0x20000,
    BNNSDataTypeInt32 = 0x20000 | 32
} BNNSDataType;

enum { BNNS_MAX_TENSOR_DIMENSION = 8 };

typedef struct BNNSTensor {
    BNNSDataType data_type;
    uint8_t rank;
    ptrdiff_t shape[8];
    ptrdiff_t stride[8];
    void *_Nullable data;
    size_t data_size_in_bytes;
    const char *_Nullable name;
} BNNSTensor;

typedef struct bnns_graph_t {
    void *_Nullable data;
    size_t size;
} bnns_graph_t;
typedef struct bnns_graph_context_t {
    void *_Nullable data;
    size_t size;
} bnns_graph_context_t;
typedef struct bnns_graph_compile_options_t {
    void *_Nullable data;
    size_t size;
} bnns_graph_compile_options_t;
typedef struct bnns_graph_shape_t {
    size_t rank;
    uint64_t *_Nullable shape;
} bnns_graph_shape_t;
typedef struct bnns_graph_argument_t {
    union {
        BNNSTensor *_Nullable tensor;
        void *_Nullable data_ptr;
    };
    size_t data_ptr_size;
} bnns_graph_argument_t;

typedef enum BNNSGraphArgumentType {
    BNNSGraphArgumentTypePointer = 0,
    BNNSGraphArgumentTypeTensor = 1
} BNNSGraphArgumentType;
typedef enum BNNSGraphArgumentIntent {
    BNNSGraphArgumentIntentIn = 1,
    BNNSGraphArgumentIntentOut = 2,
    BNNSGraphArgumentIntentInOut = 3
} BNNSGraphArgumentIntent;
typedef enum BNNSGraphOptimizationPreference {
    BNNSGraphOptimizationPreferencePerformance = 0,
    BNNSGraphOptimizationPreferenceIRSize = 1
} BNNSGraphOptimizationPreference;

bnns_graph_compile_options_t BNNSGraphCompileOptionsMakeDefault(void);
void BNNSGraphCompileOptionsDestroy(bnns_graph_compile_options_t options);
void BNNSGraphCompileOptionsSetTargetSingleThread(bnns_graph_compile_options_t options, bool value);
void BNNSGraphCompileOptionsSetGenerateDebugInfo(bnns_graph_compile_options_t options, bool value);
void BNNSGraphCompileOptionsSetOptimizationPreference(bnns_graph_compile_options_t options,
                                                      BNNSGraphOptimizationPreference preference);
/// data == NULL: the model was refused.
bnns_graph_t BNNSGraphCompileFromFile(const char *filename, const char *_Nullable function,
                                      bnns_graph_compile_options_t options);

bnns_graph_context_t BNNSGraphContextMake(bnns_graph_t graph);
bnns_graph_context_t BNNSGraphContextMakeStreaming(bnns_graph_t graph, const char *_Nullable function,
                                                   size_t initial_states_count,
                                                   const BNNSTensor *_Nullable initial_states);
void BNNSGraphContextDestroy(bnns_graph_context_t context);
int BNNSGraphContextSetArgumentType(bnns_graph_context_t context, BNNSGraphArgumentType argument_type);
int BNNSGraphContextSetBatchSize(bnns_graph_context_t context, const char *_Nullable function,
                                 uint64_t batch_size);
/// 0: all shapes are exact; 1: some are bounds, none is unbounded; 2: some are, and executions allocate; else an
/// error.
int BNNSGraphContextSetDynamicShapes(bnns_graph_context_t context, const char *_Nullable function,
                                     size_t shapes_count, bnns_graph_shape_t *shapes);
int BNNSGraphContextSetStreamingAdvanceCount(bnns_graph_context_t context, size_t advance_count);
void BNNSGraphContextEnableNanAndInfChecks(bnns_graph_context_t context, bool enable_check_for_nans_inf);
/// SIZE_MAX on failure; to be asked again after shapes have changed.
size_t BNNSGraphContextGetWorkspaceSize(bnns_graph_context_t context, const char *_Nullable function);
int BNNSGraphContextGetTensor(bnns_graph_context_t context, const char *_Nullable function,
                              const char *argument, bool fill_known_dynamic_shapes, BNNSTensor *tensor);
/// 0: done. Does not allocate when the workspace is given and shapes are unchanged.
int BNNSGraphContextExecute(bnns_graph_context_t context, const char *_Nullable function,
                            size_t argument_count, bnns_graph_argument_t *arguments, size_t workspace_size,
                            char *_Nullable workspace);

size_t BNNSGraphGetFunctionCount(bnns_graph_t graph);
size_t BNNSGraphGetArgumentCount(bnns_graph_t graph, const char *_Nullable function);
size_t BNNSGraphGetInputCount(bnns_graph_t graph, const char *_Nullable function);
size_t BNNSGraphGetOutputCount(bnns_graph_t graph, const char *_Nullable function);
/// SIZE_MAX when there is no such argument.
size_t BNNSGraphGetArgumentPosition(bnns_graph_t graph, const char *_Nullable function, const char *argument);
int BNNSGraphGetInputNames(bnns_graph_t graph, const char *_Nullable function, size_t names_count,
                           const char *_Nullable *_Nonnull names);
int BNNSGraphGetOutputNames(bnns_graph_t graph, const char *_Nullable function, size_t names_count,
                            const char *_Nullable *_Nonnull names);
int BNNSGraphGetArgumentNames(bnns_graph_t graph, const char *_Nullable function, size_t names_count,
                              const char *_Nullable *_Nonnull names);
int BNNSGraphGetArgumentIntents(bnns_graph_t graph, const char *_Nullable function,
                                size_t argument_intents_count, BNNSGraphArgumentIntent *argument_intents);

#pragma clang assume_nonnull end
