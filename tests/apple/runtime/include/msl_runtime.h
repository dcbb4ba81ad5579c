// Runs Metal kernels compiled for the CPU: argument tables, threadgroups, barriers.
#ifndef MSL_RUNTIME_H
#define MSL_RUNTIME_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct msl_size {
    uint32_t x, y, z;
} msl_size;

/// What the position attributes of one thread say.
typedef struct msl_thread {
    msl_size in_grid, in_group, group, threads_per_group, threads_per_grid, groups_per_grid;
    uint32_t index;
} msl_thread;

typedef struct msl_buffer {
    void *start; // offset already applied
    size_t length;
} msl_buffer;

typedef struct msl_arguments {
    const msl_buffer *buffers;
    int count;
} msl_arguments;

typedef struct msl_parameter {
    const char *attribute;
    int index, size, is_reference, is_const;
} msl_parameter;

typedef struct msl_kernel {
    const char *name;
    void (*invoke)(const msl_arguments *, const msl_thread *);
    const msl_parameter *parameters;
    int parameter_count, uses_barrier;
} msl_kernel;

enum msl_order { MSL_FORWARD = 0, MSL_REVERSE = 1, MSL_SHUFFLED = 2 };

/// In which order the threads of a group run between two barriers; groups run in reverse with MSL_REVERSE.
typedef struct msl_options {
    int order;
    uint32_t seed;
} msl_options;

/// The kernels of a library that msl/compile.sh made, ended by a nameless entry; NULL and *error when it
/// cannot be loaded. Libraries stay loaded.
const msl_kernel *msl_load(const char *path, const char **error);

/// The file that an address was loaded from; NULL when it was from none.
const char *msl_image(const void *address);

/// As dispatchThreadgroups (whole groups) and dispatchThreads (the last groups clipped to the grid) do.
/// 0, or a failure with a message in *error (valid until the next call). One dispatch at a time.
int msl_dispatch_threadgroups(const msl_kernel *kernel, const msl_arguments *arguments, msl_size groups,
                              msl_size threads, const msl_options *options, const char **error);
int msl_dispatch_threads(const msl_kernel *kernel, const msl_arguments *arguments, msl_size grid,
                         msl_size threads, const msl_options *options, const char **error);

void msl_threadgroup_barrier(void);

#ifdef __cplusplus
}
#endif
#endif
