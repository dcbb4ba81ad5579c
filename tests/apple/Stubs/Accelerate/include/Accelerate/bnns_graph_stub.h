// Not Apple's: what BNNS Graph "compiles" here. A test registers a model for a path: arguments and a function
// that computes it. Any other path is refused, as Apple's compiler refuses a model it cannot take.
#pragma once
#include "bnns_graph.h"
#pragma clang assume_nonnull begin

typedef struct bnns_stub_argument {
    const char *name;
    bool is_output;
    BNNSDataType data_type;
    uint8_t rank;
    /// -1: dynamic.
    ptrdiff_t shape[8];
} bnns_stub_argument;

/// Where the stand-in fails although the model is known.
typedef enum bnns_stub_fault {
    BNNSStubNoFault = 0,
    BNNSStubRefusesModel = 1,
    BNNSStubNoContext = 2,
    BNNSStubNoWorkspace = 3,
    BNNSStubExecuteFails = 4,
    BNNSStubNoPointerArguments = 5,
    BNNSStubNoShapes = 6,
    BNNSStubNoTensor = 7,
    BNNSStubNoPosition = 8,
    /// No failure: some shapes are bounds, and BNNSGraphContextSetDynamicShapes answers 1.
    BNNSStubBoundedShapes = 9,
    /// Nor this: some have no bound (2), and every execution allocates.
    BNNSStubUnboundedShapes = 10
} bnns_stub_fault;

/// `arguments` in the order of positions, outputs first as in Apple's example; tensors hold shapes and data.
typedef int (*bnns_stub_execute)(void *_Nullable user, const BNNSTensor *arguments, size_t count);

/// A streaming context was made: the model's states are to start from these.
typedef void (*bnns_stub_start)(void *_Nullable user, const BNNSTensor *_Nullable states, size_t count);

/// Makes the model at `path` one with states: only a streaming context runs it.
void BNNSStubSetStateful(const char *path, bnns_stub_start start);
/// Changes where the model at `path` fails from now on.
void BNNSStubSetFault(const char *path, bnns_stub_fault fault);
/// Whether the last compilation of the model at `path` asked for a single thread.
bool BNNSStubWasSingleThreaded(const char *path);

/// Copies everything but `user`. Later registrations of a path replace earlier ones.
void BNNSStubRegister(const char *path, const bnns_stub_argument *arguments, size_t count, size_t workspace,
                      bnns_stub_fault fault, bnns_stub_execute execute, void *_Nullable user);
void BNNSStubUnregister(const char *path);
/// Contexts of the model at `path` that were made and not destroyed.
int BNNSStubLiveContexts(const char *path);

#pragma clang assume_nonnull end
