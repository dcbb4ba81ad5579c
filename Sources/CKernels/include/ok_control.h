// Loops and branches: kernels that own steps. All buffers are planned; what is carried round a loop stays in
// place.
#ifndef OK_CONTROL_H
#define OK_CONTROL_H

#include "ok_runtime.h"

typedef struct ok_steps {
    const ok_step *first;
    size_t count;
} ok_steps;

/// Runs `condition`, which sets the bool in slot `proceed`, then `body`, until it is false.
typedef struct ok_while_args {
    ok_steps condition, body;
    int32_t proceed;
} ok_while_args;
void ok_while(const void *args, ok_context *context) OK_REALTIME;

/// Runs `then` where the bool in slot `condition` is true, else `otherwise`.
typedef struct ok_if_args {
    ok_steps then, otherwise;
    int32_t condition;
} ok_if_args;
void ok_if(const void *args, ok_context *context) OK_REALTIME;

#endif
