// Loops and branches. As real-time safe as the steps they run; a loop is as long as its condition says.
#include "ok_control.h"

void ok_while(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_while_args *args = arguments;
    for (;;) {
        ok_run_steps(args->condition.first, args->condition.count, context);
        if (!*(const unsigned char *)context->slots[args->proceed]) return;
        ok_run_steps(args->body.first, args->body.count, context);
    }
}

void ok_if(const void *arguments, ok_context *context) OK_REALTIME {
    const ok_if_args *args = arguments;
    const ok_steps *steps =
        *(const unsigned char *)context->slots[args->condition] ? &args->then : &args->otherwise;
    ok_run_steps(steps->first, steps->count, context);
}
