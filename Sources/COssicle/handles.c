// Handles are numbers, not addresses: a slot index and a generation. A stale or made-up one is found by
// comparing, and nothing is dereferenced. Looking one up takes no lock, so audio threads may.
#include "handles.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1024, CHUNKS = 1024, INDEX_BITS = 20 };

static _Atomic(ok_handle_slot *) chunks[CHUNKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t *free_list; // indices of slots to use again
static size_t free_count, free_capacity, used;
static _Thread_local char thread_error[2048];

static ok_handle_slot *slot_at(size_t index) {
    if (index >= (size_t)CHUNK * CHUNKS) return NULL;
    ok_handle_slot *chunk = atomic_load_explicit(&chunks[index / CHUNK], memory_order_acquire);
    return chunk ? &chunk[index % CHUNK] : NULL;
}

ok_handle_slot *ok_handle_find(const void *handle, ok_handle_kind kind) {
    uintptr_t value = (uintptr_t)handle;
    if (!value) return NULL;
    ok_handle_slot *slot = slot_at((value & ((1u << INDEX_BITS) - 1)));
    if (!slot || atomic_load_explicit(&slot->handle, memory_order_acquire) != value) return NULL;
    return kind == 0 || slot->kind == kind ? slot : NULL;
}

void *ok_handle_object(const void *handle, ok_handle_kind kind) {
    ok_handle_slot *slot = ok_handle_find(handle, kind);
    return slot ? slot->object : NULL;
}

// With the lock held: an index whose chunk exists; -1 when there is none left.
static int64_t take_index(void) {
    if (free_count) return free_list[--free_count];
    if (used >= (size_t)CHUNK * CHUNKS) return -1;
    if (used % CHUNK == 0) {
        ok_handle_slot *chunk = calloc(CHUNK, sizeof *chunk);
        if (!chunk) return -1;
        atomic_store_explicit(&chunks[used / CHUNK], chunk, memory_order_release);
    }
    return (int64_t)used++;
}

void *ok_handle_create(ok_handle_kind kind, void *object, void *instance, const ok_stream_facts *facts) {
    pthread_mutex_lock(&lock);
    int64_t index = take_index();
    uintptr_t value = 0;
    if (index >= 0) {
        ok_handle_slot *slot = slot_at((size_t)index);
        slot->kind = kind;
        slot->object = object;
        slot->instance = instance;
        if (facts) slot->facts = *facts;
        value = ((uintptr_t)++slot->generation << INDEX_BITS) | (uintptr_t)index;
        atomic_store_explicit(&slot->handle, value, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return (void *)value;
}

void *ok_handle_of(const void *object, ok_handle_kind kind) {
    uintptr_t value = 0;
    pthread_mutex_lock(&lock);
    for (size_t index = 0; index < used && !value; ++index) {
        ok_handle_slot *slot = slot_at(index);
        if (slot->kind == kind && slot->object == object)
            value = atomic_load_explicit(&slot->handle, memory_order_relaxed);
    }
    pthread_mutex_unlock(&lock);
    return (void *)value;
}

void *ok_handle_destroy(void *handle, ok_handle_kind kind) {
    pthread_mutex_lock(&lock);
    ok_handle_slot *slot = ok_handle_find(handle, kind);
    void *object = NULL;
    if (slot) {
        object = slot->object;
        atomic_store_explicit(&slot->handle, 0, memory_order_release);
        slot->object = NULL;
        slot->instance = NULL;
        free(slot->error);
        slot->error = NULL;
        if (free_count == free_capacity) {
            size_t capacity = free_capacity ? 2 * free_capacity : 64;
            uint32_t *list = realloc(free_list, capacity * sizeof *list);
            if (list) free_list = list, free_capacity = capacity;
        }
        // Without memory for the list the slot is simply not used again.
        if (free_count < free_capacity)
            free_list[free_count++] = (uint32_t)((uintptr_t)handle & ((1u << INDEX_BITS) - 1));
    }
    pthread_mutex_unlock(&lock);
    return object;
}

void ok_handle_set_error(const void *handle, const char *message) {
    pthread_mutex_lock(&lock);
    ok_handle_slot *slot = ok_handle_find(handle, 0);
    if (slot) {
        free(slot->error);
        slot->error = strdup(message);
    } else {
        strncpy(thread_error, message, sizeof thread_error - 1);
    }
    pthread_mutex_unlock(&lock);
}

size_t ossicle_last_error(const void *handle, char *buffer, size_t capacity) {
    pthread_mutex_lock(&lock);
    ok_handle_slot *slot = ok_handle_find(handle, 0);
    const char *message = handle && slot ? slot->error : thread_error;
    if (!message) message = "";
    size_t length = strlen(message);
    if (buffer && capacity) {
        size_t n = length < capacity - 1 ? length : capacity - 1;
        memcpy(buffer, message, n);
        buffer[n] = 0;
    }
    pthread_mutex_unlock(&lock);
    return length;
}
