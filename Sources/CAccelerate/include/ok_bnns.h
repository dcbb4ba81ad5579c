// One prediction of a BNNS Graph context, as an audio thread calls it.
#ifndef OK_BNNS_H
#define OK_BNNS_H

#include "ok_stream.h"
#include <Accelerate/Accelerate.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Where a port's buffer goes among the arguments of the graph.
typedef struct ok_bnns_port {
    size_t position, byte_count;
} ok_bnns_port;

/// A context with its workspace. A context is never run by two threads at once: `use` sees to it.
typedef struct ok_bnns {
    bnns_graph_context_t context;
    const char *function; // NULL: the only one
    bnns_graph_argument_t *arguments;
    size_t argument_count;
    const ok_bnns_port *inputs, *outputs;
    size_t input_count, output_count;
    void **sinks;    // for outputs that nobody asked for
    char *workspace; // whole pages, NULL while released
    size_t workspace_size;
    int32_t use; // ok_instance_use, changed atomically
    // As a step of a program: whether BNNS has failed and is not asked again (changed atomically), and
    // who is told so, once.
    int32_t failed;
    const char *name;
    void (*report)(const char *name);
} ok_bnns;

/// As `ok_instance_predict`; `model` is an ok_bnns. OK_INTERNAL when BNNS refuses to run. Allocates and locks
/// nothing of its own; Apple says the same of BNNS where workspace and outputs are given and shapes do not
/// change.
int32_t ok_bnns_predict(void *model, const ok_buffer *inputs, size_t input_count, const ok_buffer *outputs,
                        size_t output_count)
    __attribute__((availability(macos, introduced = 15.0), availability(ios, introduced = 18.0)));

/// A whole model between the steps of a program, on values in the program's own places.
typedef struct ok_bnns_step_args {
    int32_t model;                   // slot of this instance's ok_bnns; NULL there: the fallback runs
    const int32_t *inputs, *outputs; // slots, dense, in the order of the ports
    const ok_step *fallback;         // the same by our own kernels
    size_t fallback_count;
} ok_bnns_step_args;

/// Runs the model; when BNNS refuses, the fallback, then and from then on. Allocates and locks nothing of its
/// own until that happens.
void ok_bnns_step(const void *args, ok_context *context)
    __attribute__((availability(macos, introduced = 15.0), availability(ios, introduced = 18.0)));

/// Whether it did. From any thread.
int32_t ok_bnns_has_failed(const ok_bnns *model);

/// Keeps predictions out, so that the workspace or the context can be exchanged. False while one is going on.
/// Not for the audio thread.
int32_t ok_bnns_release(ok_bnns *model);
/// Lets predictions in again.
void ok_bnns_restore(ok_bnns *model);

#ifdef __cplusplus
}
#endif
#endif
