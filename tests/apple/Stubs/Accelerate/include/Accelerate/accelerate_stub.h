// What the stand-ins for BLAS, vDSP and vForce offer to tests. All of it belongs to the calling thread.
#pragma once
#pragma clang assume_nonnull begin

typedef struct accelerate_stub_calls {
    int sgemm, sgemv, vector;
} accelerate_stub_calls;

/// Calls since the last time this was asked.
accelerate_stub_calls AccelerateStubTakeCalls(void);
/// From now on every product and pass adds this to the first value that it writes: a wrong library.
void AccelerateStubSpoil(float error);

#pragma clang assume_nonnull end
