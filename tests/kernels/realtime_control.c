// Allocates in a function marked real-time: RealtimeSanitizer must stop it.
#include "ok_runtime.h"
#include <stdlib.h>

static void *volatile sink;
static void process(void) OK_REALTIME;
static void process(void) { sink = malloc(64); }

int main(void) {
    process();
    free(sink);
    return 0;
}
