#include "stub.h"

_Thread_local accelerate_stub_calls stub_calls;
_Thread_local float stub_error;

accelerate_stub_calls AccelerateStubTakeCalls(void) {
    accelerate_stub_calls calls = stub_calls;
    stub_calls = (accelerate_stub_calls){0};
    return calls;
}

void AccelerateStubSpoil(float error) { stub_error = error; }
