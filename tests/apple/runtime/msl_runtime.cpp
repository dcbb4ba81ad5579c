// The dispatcher. Every thread of a threadgroup is a fiber; a barrier switches back to the scheduler, which
// goes on when all have arrived. With MSL_TSAN or MSL_ASAN the sanitizer is told about the fibers, so that
// races and overflows are found although one system thread runs everything. (Built without -fsanitize=thread
// itself: the scheduler's own bookkeeping is not the kernels' affair.)
#include "msl_runtime.h"
#include "msl_fiber.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <random>
#include <vector>

#if !defined(MSL_ASAN)
extern "C" {
extern char __start_msl_tg[] __attribute__((weak));
extern char __stop_msl_tg[] __attribute__((weak));
}
#endif

namespace {
constexpr uint64_t MAX_THREADS = 1024, MAX_THREADGROUP_MEMORY = 32768;

// Never destroyed: libraries and stacks are used until the process ends.
std::vector<Fiber *> &pool = *new std::vector<Fiber *>();
char message[256];

template <class... A> int fail(const char **error, int code, const char *format, A... a) {
    snprintf(message, sizeof message, format, a...);
    *error = message;
    return code;
}

struct Library {
    const msl_kernel *first, *last;
    char *start, *stop;
};
std::vector<Library> &libraries = *new std::vector<Library>();

void threadgroup_memory(const msl_kernel *kernel, char *&start, char *&stop) {
    start = stop = nullptr;
#if !defined(MSL_ASAN)
    start = __start_msl_tg;
    stop = __stop_msl_tg;
#endif
    for (const Library &library : libraries)
        if (kernel >= library.first && kernel < library.last) start = library.start, stop = library.stop;
}

// NaN as a float, absurd as an index: memory that no thread wrote shows in the result.
void poison_threadgroup_memory(const msl_kernel *kernel) {
    char *start, *stop;
    threadgroup_memory(kernel, start, stop);
    for (auto *word = (uint32_t *)start; word < (uint32_t *)stop; ++word) *word = 0x7fa0beef;
}

struct Dispatch {
    const msl_kernel *kernel;
    const msl_arguments *arguments;
    msl_size grid, groups, threads;
    bool clip;
    msl_options options;
    std::mt19937 random;
};

msl_thread describe(const Dispatch &d, msl_size group, msl_size count, uint32_t index) {
    msl_thread t;
    t.in_group = {index % count.x, index / count.x % count.y, index / count.x / count.y};
    t.in_grid = {group.x * d.threads.x + t.in_group.x, group.y * d.threads.y + t.in_group.y,
                 group.z * d.threads.z + t.in_group.z};
    t.group = group;
    t.threads_per_group = count;
    t.threads_per_grid = d.grid;
    t.groups_per_grid = d.groups;
    t.index = index;
    return t;
}

void reorder(Dispatch &d, std::vector<uint32_t> &order, bool first) {
    if (d.options.order == MSL_REVERSE && first) std::reverse(order.begin(), order.end());
    if (d.options.order == MSL_SHUFFLED) std::shuffle(order.begin(), order.end(), d.random);
}

void prepare_fibers(const Dispatch &d, msl_size group, msl_size count, uint32_t n) {
    while (pool.size() < n) pool.push_back(fiber_make());
    for (uint32_t i = 0; i < n; ++i) {
        const msl_thread t = describe(d, group, count, i);
        char name[96];
        snprintf(name, sizeof name, "%s thread %u,%u of group %u,%u", d.kernel->name, t.in_group.x,
                 t.in_group.y, group.x, group.y);
        fiber_start(pool[i], d.kernel, d.arguments, t, name);
    }
}

int run_group(Dispatch &d, msl_size group, msl_size count, const char **error) {
    const uint32_t n = count.x * count.y * count.z;
    poison_threadgroup_memory(d.kernel);
    std::vector<uint32_t> order(n);
    for (uint32_t i = 0; i < n; ++i) order[i] = i;
#if !defined(MSL_TSAN)
    if (!d.kernel->uses_barrier) {
        reorder(d, order, true);
        for (uint32_t i : order) {
            const msl_thread t = describe(d, group, count, i);
            d.kernel->invoke(d.arguments, &t);
        }
        return 0;
    }
#endif
    fiber_group_begins();
    prepare_fibers(d, group, count, n);
    int code = 0;
    for (bool first = true;; first = false) {
        reorder(d, order, first);
        for (uint32_t i : order) fiber_resume(pool[i]);
        uint32_t left = 0;
        for (uint32_t i = 0; i < n; ++i) left += pool[i]->left;
        if (left == n) break;
        if (left > 0) {
            code = fail(error, 3,
                        "%s: divergent barrier: %u threads wait, %u have left the kernel (group %u,%u)",
                        d.kernel->name, n - left, left, group.x, group.y);
            break;
        }
        fiber_phase_ends();
    }
    fiber_group_ends(pool.data(), n);
    return code;
}

int check(const Dispatch &d, const char **error) {
    const char *name = d.kernel->name;
    const uint64_t n = (uint64_t)d.threads.x * d.threads.y * d.threads.z;
    if (n == 0 || n > MAX_THREADS)
        return fail(error, 1, "%s: %llu threads per threadgroup (1...1024)", name, (unsigned long long)n);
    if (d.groups.x == 0 || d.groups.y == 0 || d.groups.z == 0) return fail(error, 1, "%s: empty grid", name);
    char *start, *stop;
    threadgroup_memory(d.kernel, start, stop);
    if (stop - start > (ptrdiff_t)MAX_THREADGROUP_MEMORY)
        return fail(error, 1, "%s: %ld bytes of threadgroup memory", name, (long)(stop - start));
    for (int i = 0; i < d.kernel->parameter_count; ++i) {
        const msl_parameter &p = d.kernel->parameters[i];
        if (strcmp(p.attribute, "buffer")) continue;
        if (p.index >= d.arguments->count || !d.arguments->buffers[p.index].start)
            return fail(error, 2, "%s: no buffer bound at index %d", name, p.index);
        if (d.arguments->buffers[p.index].length < (size_t)p.size)
            return fail(error, 2, "%s: buffer %d holds %zu bytes, its type needs %d", name, p.index,
                        d.arguments->buffers[p.index].length, p.size);
    }
    return 0;
}

int run(Dispatch &d, const char **error) {
    const char *ignored;
    if (!error) error = &ignored;
    if (const int code = check(d, error)) return code;
    d.random.seed(d.options.seed);
    const uint64_t total = (uint64_t)d.groups.x * d.groups.y * d.groups.z;
    for (uint64_t q = 0; q < total; ++q) {
        const uint64_t i = d.options.order == MSL_REVERSE ? total - 1 - q : q;
        const msl_size group = {(uint32_t)(i % d.groups.x), (uint32_t)(i / d.groups.x % d.groups.y),
                                (uint32_t)(i / d.groups.x / d.groups.y)};
        msl_size count = d.threads;
        if (d.clip)
            count = {std::min(count.x, d.grid.x - group.x * count.x),
                     std::min(count.y, d.grid.y - group.y * count.y),
                     std::min(count.z, d.grid.z - group.z * count.z)};
        if (const int code = run_group(d, group, count, error)) return code;
    }
    return 0;
}

uint32_t groups_for(uint32_t grid, uint32_t threads) {
    return threads ? (uint32_t)(((uint64_t)grid + threads - 1) / threads) : 0;
}
} // namespace

extern "C" int msl_dispatch_threadgroups(const msl_kernel *kernel, const msl_arguments *arguments,
                                         msl_size groups, msl_size threads, const msl_options *options,
                                         const char **error) {
    const msl_size grid = {groups.x * threads.x, groups.y * threads.y, groups.z * threads.z};
    Dispatch d = {kernel, arguments, grid, groups, threads, false, options ? *options : msl_options{0, 1},
                  {}};
    return run(d, error);
}

extern "C" int msl_dispatch_threads(const msl_kernel *kernel, const msl_arguments *arguments, msl_size grid,
                                    msl_size threads, const msl_options *options, const char **error) {
    const msl_size groups = {groups_for(grid.x, threads.x), groups_for(grid.y, threads.y),
                             groups_for(grid.z, threads.z)};
    Dispatch d = {kernel, arguments, grid, groups, threads, true, options ? *options : msl_options{0, 1}, {}};
    return run(d, error);
}

extern "C" const char *msl_image(const void *address) {
    Dl_info image;
    return dladdr(address, &image) ? image.dli_fname : nullptr;
}

extern "C" const msl_kernel *msl_load(const char *path, const char **error) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        *error = dlerror();
        return nullptr;
    }
    auto *table = (const msl_kernel *)dlsym(handle, "msl_table");
    auto *hook = (void (**)(void))dlsym(handle, "msl_barrier_hook");
    auto memory = (void (*)(char **, char **))dlsym(handle, "msl_threadgroup_memory");
    if (!table || !hook || !memory) {
        *error = "not a kernel library";
        return nullptr;
    }
    *hook = msl_threadgroup_barrier;
    Library library = {table, table, nullptr, nullptr};
    while (library.last->name) ++library.last;
    memory(&library.start, &library.stop);
    libraries.push_back(library);
    return table;
}
