// Counts what a real-time call must never do. Loaded with LD_PRELOAD in front of libc and the Swift runtime.
//
// Three nets, each wider than the one before:
// 1. calls to libc's allocator, locks, threads, files and sleeps, while the calling thread is armed;
// 2. calls into the Swift runtime (retain, release, allocation, metadata …) where that is a shared library;
// 3. system calls of any origin, inlined ones too, through the kernel's syscall user dispatch (x86-64).
// tests/realtime/driver.c arms it around each callback and proves with a positive control that it counts.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
static __thread int armed __attribute__((tls_model("initial-exec")));
enum { LIBC_NAMES = 64 };
static const char *names[LIBC_NAMES];
static uint64_t counts[LIBC_NAMES];
static int used;

// Every watched function owns one line of the table; `real` is found once, before any program code runs. The
// functions are defined under names of their own, so that libc's prototypes (variadic ones too) need not
// match.
static int line_of(const char *name) {
    names[used] = name;
    return used++;
}

// --- 1. libc

#define WATCH(result, name, parameters, arguments)                                                           \
    static result(*real_##name) parameters;                                                                  \
    static int line_##name;                                                                                  \
    __attribute__((constructor(101))) static void find_##name(void) {                                        \
        line_##name = line_of(#name);                                                                        \
        *(void **)&real_##name = dlsym(RTLD_NEXT, #name);                                                    \
    }                                                                                                        \
    EXPORT result watched_##name parameters __asm__(#name);                                                  \
    result watched_##name parameters {                                                                       \
        if (armed) ++counts[line_##name];                                                                    \
        if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name);                                  \
        return real_##name arguments;                                                                        \
    }

// The allocator is called before any constructor, and by dlsym itself: glibc's own names need no search.
#define WATCH_HEAP(result, name, glibc, parameters, arguments)                                               \
    extern result glibc parameters;                                                                          \
    static int line_##name;                                                                                  \
    __attribute__((constructor(101))) static void find_##name(void) { line_##name = line_of(#name); }        \
    EXPORT result watched_##name parameters __asm__(#name);                                                  \
    result watched_##name parameters {                                                                       \
        if (armed) ++counts[line_##name];                                                                    \
        return glibc arguments;                                                                              \
    }

WATCH_HEAP(void *, malloc, __libc_malloc, (size_t a), (a))
WATCH_HEAP(void *, calloc, __libc_calloc, (size_t a, size_t b), (a, b))
WATCH_HEAP(void *, realloc, __libc_realloc, (void *a, size_t b), (a, b))
WATCH_HEAP(void, free, __libc_free, (void *a), (a))
WATCH_HEAP(void *, memalign, __libc_memalign, (size_t a, size_t b), (a, b))
WATCH_HEAP(void *, aligned_alloc, __libc_memalign, (size_t a, size_t b), (a, b))
WATCH(int, posix_memalign, (void **a, size_t b, size_t c), (a, b, c))
WATCH(void *, reallocarray, (void *a, size_t b, size_t c), (a, b, c))
WATCH(void *, valloc, (size_t a), (a))
WATCH(void *, mmap, (void *a, size_t b, int c, int d, int e, off_t f), (a, b, c, d, e, f))
WATCH(int, munmap, (void *a, size_t b), (a, b))
WATCH(int, mprotect, (void *a, size_t b, int c), (a, b, c))
WATCH(int, madvise, (void *a, size_t b, int c), (a, b, c))
WATCH(int, brk, (void *a), (a))
WATCH(void *, sbrk, (intptr_t a), (a))

WATCH(int, pthread_mutex_lock, (pthread_mutex_t * a), (a))
WATCH(int, pthread_mutex_trylock, (pthread_mutex_t * a), (a))
WATCH(int, pthread_mutex_unlock, (pthread_mutex_t * a), (a))
WATCH(int, pthread_rwlock_rdlock, (pthread_rwlock_t * a), (a))
WATCH(int, pthread_rwlock_wrlock, (pthread_rwlock_t * a), (a))
WATCH(int, pthread_rwlock_unlock, (pthread_rwlock_t * a), (a))
WATCH(int, pthread_cond_wait, (pthread_cond_t * a, pthread_mutex_t *b), (a, b))
WATCH(int, pthread_cond_signal, (pthread_cond_t * a), (a))
WATCH(int, pthread_cond_broadcast, (pthread_cond_t * a), (a))
WATCH(int, pthread_once, (pthread_once_t * a, void (*b)(void)), (a, b))
WATCH(int, pthread_create, (pthread_t * a, const pthread_attr_t *b, void *(*c)(void *), void *d),
      (a, b, c, d))
WATCH(int, sem_wait, (sem_t * a), (a))
WATCH(int, sem_post, (sem_t * a), (a))
WATCH(int, sched_yield, (void), ())

WATCH(ssize_t, read, (int a, void *b, size_t c), (a, b, c))
WATCH(ssize_t, write, (int a, const void *b, size_t c), (a, b, c))
WATCH(int, close, (int a), (a))
WATCH(FILE *, fopen, (const char *a, const char *b), (a, b))
WATCH(int, poll, (struct pollfd * a, nfds_t b, int c), (a, b, c))
WATCH(int, nanosleep, (const struct timespec *a, struct timespec *b), (a, b))
WATCH(int, usleep, (useconds_t a), (a))

// Variadic ones pass on as many words as they can carry.
WATCH(int, open, (const char *a, int b, int c), (a, b, c))
WATCH(int, openat, (int a, const char *b, int c, int d), (a, b, c, d))
WATCH(long, syscall, (long n, long a, long b, long c, long d, long e, long f), (n, a, b, c, d, e, f))

// --- 2. the Swift runtime

#define SWIFT_RUNTIME(X)                                                                                     \
    X(swift_retain)                                                                                          \
    X(swift_release)                                                                                         \
    X(swift_retain_n)                                                                                        \
    X(swift_release_n)                                                                                       \
    X(swift_tryRetain)                                                                                       \
    X(swift_bridgeObjectRetain)                                                                              \
    X(swift_bridgeObjectRelease)                                                                             \
    X(swift_unownedRetain)                                                                                   \
    X(swift_unownedRelease)                                                                                  \
    X(swift_unownedRetainStrong)                                                                             \
    X(swift_weakLoadStrong)                                                                                  \
    X(swift_isUniquelyReferenced_native)                                                                     \
    X(swift_isUniquelyReferenced_nonNull_native)                                                             \
    X(swift_allocObject)                                                                                     \
    X(swift_deallocObject)                                                                                   \
    X(swift_deallocClassInstance)                                                                            \
    X(swift_slowAlloc)                                                                                       \
    X(swift_slowDealloc)                                                                                     \
    X(swift_allocBox)                                                                                        \
    X(swift_allocError)                                                                                      \
    X(swift_once)                                                                                            \
    X(swift_beginAccess)                                                                                     \
    X(swift_endAccess)                                                                                       \
    X(swift_dynamicCast)                                                                                     \
    X(swift_dynamicCastClass)                                                                                \
    X(swift_conformsToProtocol)                                                                              \
    X(swift_getGenericMetadata)                                                                              \
    X(swift_getWitnessTable)                                                                                 \
    X(swift_getTypeByMangledNameInContext)                                                                   \
    X(swift_getTypeByMangledNameInContext2)                                                                  \
    X(swift_arrayInitWithCopy)                                                                               \
    X(swift_arrayDestroy)

#define NUMBER(name) number_##name,
enum { SWIFT_RUNTIME(NUMBER) SWIFT_NAMES };
#define TEXT(name) #name,
static const char *const swift_names[] = {SWIFT_RUNTIME(TEXT)};
__attribute__((visibility("hidden"))) uint64_t ossicle_swift_counts[SWIFT_NAMES];
__attribute__((visibility("hidden"))) void *ossicle_swift_real[SWIFT_NAMES];

// These functions keep registers that C does not, so they are passed through without touching any but the
// flags.
#if defined(__x86_64__)
#define THUNK_AT(name, at)                                                                                   \
    __asm__(".globl " #name "\n.type " #name ", @function\n" #name ":\n"                                     \
            "    incq ossicle_swift_counts+8*" at "(%rip)\n"                                                 \
            "    jmpq *ossicle_swift_real+8*" at "(%rip)\n");
#define THUNK(name)                                                                                          \
    __asm__(".set at_" #name ", ossicle_number\n.set ossicle_number, ossicle_number + 1\n");                 \
    THUNK_AT(name, "at_" #name)
__asm__(".set ossicle_number, 0\n");
SWIFT_RUNTIME(THUNK)
#endif

__attribute__((constructor(102))) static void find_swift(void) {
    for (int i = 0; i < SWIFT_NAMES; ++i) ossicle_swift_real[i] = dlsym(RTLD_NEXT, swift_names[i]);
}

// --- 3. system calls

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
static volatile char selector; // 0: system calls pass, 1: they raise SIGSYS
static int dispatching;
static uint64_t trapped;
static long last_trapped;

#if defined(__x86_64__)
// The first system call of an armed stretch is counted and carried out; the rest of the stretch passes
// freely, because the return from this handler is a system call itself.
static void on_system_call(int signal, siginfo_t *info, void *context) {
    (void)signal;
    selector = 0;
    ++trapped;
    last_trapped = info->si_syscall;
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    register long r10 __asm__("r10") = r[REG_R10];
    register long r8 __asm__("r8") = r[REG_R8];
    register long r9 __asm__("r9") = r[REG_R9];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((long)info->si_syscall), "D"(r[REG_RDI]), "S"(r[REG_RSI]), "d"(r[REG_RDX]),
                       "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    r[REG_RAX] = result;
}
#endif

__attribute__((constructor(103))) static void start_dispatch(void) {
#if defined(__x86_64__)
    struct sigaction action = {.sa_sigaction = on_system_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (sigaction(SIGSYS, &action, NULL) != 0) return;
    dispatching = prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, (unsigned long)&selector) == 0;
#endif
}

// --- for the driver

static uint64_t swift_before[SWIFT_NAMES], swift_counts[SWIFT_NAMES];

EXPORT void ossicle_watch_arm(void) {
    memcpy(swift_before, ossicle_swift_counts, sizeof swift_before);
    armed = 1;
    if (dispatching) selector = 1;
}

EXPORT void ossicle_watch_disarm(void) {
    selector = 0;
    armed = 0;
    // The Swift runtime is counted all the time: only what came since arming is ours.
    for (int i = 0; i < SWIFT_NAMES; ++i) swift_counts[i] += ossicle_swift_counts[i] - swift_before[i];
}

static uint64_t take(const char *which, const char *name, uint64_t *count) {
    if (which && strcmp(which, name) != 0) return 0;
    uint64_t taken = *count;
    *count = 0;
    if (taken && !which) fprintf(stderr, "    %s: %llu\n", name, (unsigned long long)taken);
    return taken;
}

/// Everything counted while armed since the last call; names go to stderr. `which` picks one name, NULL all.
EXPORT uint64_t ossicle_watch_take(const char *which) {
    uint64_t sum = 0;
    for (int i = 0; i < used; ++i) sum += take(which, names[i], &counts[i]);
    for (int i = 0; i < SWIFT_NAMES; ++i) sum += take(which, swift_names[i], &swift_counts[i]);
    if (trapped && !which) fprintf(stderr, "    the last system call was number %ld\n", last_trapped);
    return sum + take(which, "system call", &trapped);
}

/// 1 when the kernel reports system calls of any origin; 0 when only calls through libc are seen.
EXPORT int ossicle_watch_sees_system_calls(void) { return dispatching; }
/// 1 when the Swift runtime is a shared library here, so that its calls are seen.
EXPORT int ossicle_watch_sees_swift(void) { return ossicle_swift_real[0] != NULL; }
