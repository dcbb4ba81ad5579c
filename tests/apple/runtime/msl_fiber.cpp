#include "msl_fiber.h"
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#if defined(MSL_TSAN)
extern "C" {
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned);
void __tsan_destroy_fiber(void *);
void __tsan_switch_to_fiber(void *, unsigned);
void __tsan_set_fiber_name(void *, const char *);
void __tsan_acquire(void *);
void __tsan_release(void *);
}
#endif
#if defined(MSL_ASAN)
extern "C" {
void __sanitizer_start_switch_fiber(void **, const void *, size_t);
void __sanitizer_finish_switch_fiber(void *, const void **, size_t *);
}
#endif

namespace {
constexpr size_t STACK = 128 * 1024, GUARD = 4096;

struct Scheduler {
    ucontext_t context;
    Fiber *current = nullptr;
    bool in_group = false;
    unsigned phase = 0;
    // What ThreadSanitizer sees as the meeting points: start, two barriers in turn, end.
    char start, barrier[2], end;
    void *fiber = nullptr;
    void *fake = nullptr;
    const void *stack = nullptr;
    size_t stack_size = 0;
} scheduler;

void acquire(void *token) {
#if defined(MSL_TSAN)
    __tsan_acquire(token);
#else
    (void)token;
#endif
}

void release(void *token) {
#if defined(MSL_TSAN)
    __tsan_release(token);
#else
    (void)token;
#endif
}

void finish_switch(void *fake) {
#if defined(MSL_ASAN)
    __sanitizer_finish_switch_fiber(fake, &scheduler.stack, &scheduler.stack_size);
#else
    (void)fake;
#endif
}

// Back to the scheduler: at a barrier, or for good.
void leave(Fiber *fiber, bool for_good) {
#if defined(MSL_ASAN)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fiber->fake, scheduler.stack, scheduler.stack_size);
#else
    (void)for_good;
#endif
#if defined(MSL_TSAN)
    __tsan_switch_to_fiber(scheduler.fiber, 1); // 1: no happens-before by the switch itself
#endif
    swapcontext(&fiber->context, &scheduler.context);
    finish_switch(fiber->fake);
}

void entry() {
    finish_switch(nullptr);
    Fiber *fiber = scheduler.current;
    acquire(&scheduler.start);
    fiber->kernel->invoke(fiber->arguments, &fiber->thread);
    release(&scheduler.end);
    fiber->left = true;
    leave(fiber, true);
    abort(); // never resumed
}
} // namespace

Fiber *fiber_make() {
    void *memory = mmap(nullptr, STACK + GUARD, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD, PROT_NONE)) {
        perror("fiber stack");
        abort();
    }
    Fiber *fiber = new Fiber();
    fiber->stack = (char *)memory + GUARD;
    return fiber;
}

void fiber_start(Fiber *fiber, const msl_kernel *kernel, const msl_arguments *arguments,
                 const msl_thread &thread, const char *name) {
    fiber->kernel = kernel;
    fiber->arguments = arguments;
    fiber->thread = thread;
    fiber->left = false;
    fiber->fake = nullptr;
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK;
    fiber->context.uc_link = nullptr;
    makecontext(&fiber->context, entry, 0);
#if defined(MSL_TSAN)
    fiber->sanitizer = __tsan_create_fiber(0);
    __tsan_set_fiber_name(fiber->sanitizer, name);
#else
    (void)name;
#endif
}

void fiber_resume(Fiber *fiber) {
    scheduler.current = fiber;
#if defined(MSL_ASAN)
    __sanitizer_start_switch_fiber(&scheduler.fake, fiber->stack, STACK);
#endif
#if defined(MSL_TSAN)
    __tsan_switch_to_fiber(fiber->sanitizer, 1);
#endif
    swapcontext(&scheduler.context, &fiber->context);
#if defined(MSL_ASAN)
    __sanitizer_finish_switch_fiber(scheduler.fake, nullptr, nullptr);
#endif
}

void fiber_group_begins() {
    scheduler.in_group = true;
    scheduler.phase = 0;
#if defined(MSL_TSAN)
    scheduler.fiber = __tsan_get_current_fiber();
#endif
    release(&scheduler.start);
}

void fiber_phase_ends() { ++scheduler.phase; }

void fiber_group_ends(Fiber **fibers, uint32_t count) {
    scheduler.in_group = false;
    acquire(&scheduler.end);
#if defined(MSL_TSAN)
    for (uint32_t i = 0; i < count; ++i) __tsan_destroy_fiber(fibers[i]->sanitizer);
#else
    (void)fibers, (void)count;
#endif
}

extern "C" void msl_threadgroup_barrier(void) {
    if (!scheduler.in_group) {
        fprintf(stderr, "msl: a barrier in a kernel that signatures.py took for barrier-free\n");
        abort();
    }
    Fiber *fiber = scheduler.current;
    char *token = &scheduler.barrier[scheduler.phase & 1];
    release(token);
    leave(fiber, false);
    acquire(token);
}
