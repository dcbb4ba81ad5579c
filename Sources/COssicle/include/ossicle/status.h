/// Status numbers, versions and the last error.
#ifndef OSSICLE_STATUS_H
#define OSSICLE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define OSSICLE_API __attribute__((visibility("default")))
#else
#define OSSICLE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// What a call answers. The numbers are fixed for ever.
typedef enum ossicle_status {
    OSSICLE_OK = 0,
    OSSICLE_INVALID_ARGUMENT = 1, ///< an argument is NULL or out of its stated range
    OSSICLE_SHAPE_MISMATCH = 2,   ///< two shapes, or a shape and a buffer, do not fit
    OSSICLE_INVALID_HANDLE = 3,   ///< NULL, destroyed, or of another kind
    OSSICLE_IO = 4,               ///< a file cannot be opened, read or written
    OSSICLE_MALFORMED = 5,        ///< a file is not what its format says
    OSSICLE_UNSUPPORTED = 6,      ///< a valid request that this engine does not support
    OSSICLE_WEIGHTS = 7,          ///< a weight is missing, left over, wrongly shaped, NaN or infinite
    OSSICLE_OUT_OF_MEMORY = 8,
    OSSICLE_NOT_READY = 9,       ///< the object is not prepared for this call
    OSSICLE_BLOCK_TOO_LONG = 10, ///< more frames than the stream was created for
    OSSICLE_INTERNAL = 11        ///< a defect of the engine itself
} ossicle_status;

/// The version of this interface: `major * 1000 + minor`. A library serves programs of the same major number
/// and the same or a lower minor one. [real-time]
#define OSSICLE_ABI_VERSION 1000
/// The OSSICLE_ABI_VERSION that the library was built with.
OSSICLE_API int32_t ossicle_abi_version(void);

/// The release, such as "0.1.0". Static text. [real-time]
OSSICLE_API const char *ossicle_version(void);

/// The instruction set the kernels use on this machine: "avx512", "avx2", "sse2" or "neon". Static text.
/// The environment variable OSSICLE_ISA, read at the first use of the library, can force a lower one.
OSSICLE_API const char *ossicle_isa(void);

/// What a status means in a few English words. Static text, also for unknown numbers. [real-time]
OSSICLE_API const char *ossicle_status_text(int32_t status);

/// The message of the last call that failed on `handle`, or, with NULL, on this thread without a handle.
/// Empty when there was none. Real-time functions report by number alone and leave no message.
OSSICLE_API size_t ossicle_last_error(const void *handle, char *buffer, size_t capacity);

/// Called with a warning about suspicious but usable input (say, weights of unusual magnitude) while a load
/// or build runs, on the thread that runs it. `message` lives until the callback returns.
typedef void (*ossicle_warning_callback)(void *context, const char *message);

#ifdef __cplusplus
}
#endif
#endif
