// One thread of a threadgroup, as a fiber.
#pragma once
#include "msl_runtime.h"
#include <ucontext.h>

struct Fiber {
    ucontext_t context;
    const msl_kernel *kernel;
    const msl_arguments *arguments;
    msl_thread thread;
    char *stack;
    bool left;       // has returned from the kernel
    void *fake;      // AddressSanitizer's
    void *sanitizer; // ThreadSanitizer's
};

Fiber *fiber_make();
/// Puts the fiber at the start of the kernel; nothing runs yet.
void fiber_start(Fiber *fiber, const msl_kernel *kernel, const msl_arguments *arguments,
                 const msl_thread &thread, const char *name);
/// Runs it to its next barrier or to the end.
void fiber_resume(Fiber *fiber);

void fiber_group_begins();
/// All threads have arrived at a barrier.
void fiber_phase_ends();
void fiber_group_ends(Fiber **fibers, uint32_t count);
