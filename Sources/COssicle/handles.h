// One entry of the handle table, for the C side.
#ifndef HANDLES_H
#define HANDLES_H

#include "ossicle.h"
#include "ossicle_handles.h"
#include <stdatomic.h>

typedef struct ok_handle_slot {
    _Atomic uintptr_t handle; // the live handle; 0: free
    uint32_t generation;
    ok_handle_kind kind;
    void *object;
    void *instance; // what real-time calls run, see ok_handle_create
    ok_stream_facts facts;
    char *error;
} ok_handle_slot;

/// The slot of a live handle of this kind (0: any), or NULL. [real-time]
ok_handle_slot *ok_handle_find(const void *handle, ok_handle_kind kind);

#endif
