// Process-wide settings, safe from any thread.
#ifndef OK_SETTINGS_H
#define OK_SETTINGS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// From this batch on a Linear layer goes to a GPU where there is one. 4 at first.
int64_t ok_gpu_batch_threshold(void);
void ok_set_gpu_batch_threshold(int64_t batch);

#ifdef __cplusplus
}
#endif
#endif
