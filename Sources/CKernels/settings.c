#include "ok_settings.h"
#include <stdatomic.h>

static _Atomic int64_t gpu_batch_threshold = 4;

int64_t ok_gpu_batch_threshold(void) {
    return atomic_load_explicit(&gpu_batch_threshold, memory_order_relaxed);
}

void ok_set_gpu_batch_threshold(int64_t batch) {
    atomic_store_explicit(&gpu_batch_threshold, batch < 1 ? 1 : batch, memory_order_relaxed);
}
