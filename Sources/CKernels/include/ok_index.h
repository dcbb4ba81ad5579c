// Kernels whose indices are values: gathering, scattering, running sums, sorting.
//
// No index reads or writes outside: negative ones count from the end, and what then still lies outside is
// clamped. All operands are dense; elements have 4 bytes, or 1 where `element` says so.
#ifndef OK_INDEX_H
#define OK_INDEX_H

#include "ok_typed.h"

/// destination[b, o, j, i] = source[b, o, index[b, j], i].
typedef struct ok_gather_args {
    int32_t source, indices, destination;
    int32_t element;
    ok_len batch, outer, axis, count, inner;
} ok_gather_args;

/// destination[o, j, i] = source[o, index[o, j, i], i].
typedef struct ok_gather_along_args {
    int32_t source, indices, destination;
    int32_t element;
    ok_len outer, axis, count, inner;
} ok_gather_along_args;

/// What a scatter does with what is there already. In this order.
typedef enum ok_scatter_mode {
    OK_SCATTER_ADD,
    OK_SCATTER_SUBTRACT,
    OK_SCATTER_MULTIPLY,
    OK_SCATTER_DIVIDE,
    OK_SCATTER_MAXIMUM,
    OK_SCATTER_MINIMUM,
    OK_SCATTER_UPDATE,
} ok_scatter_mode;

/// destination[o, index[j], i] = destination[…] op update[o, j, i], j in order. With `along` the index of
/// each element is index[o, j, i]. Float32 or int32; integer arithmetic as in ok_binary_int, quotients cut
/// towards zero.
typedef struct ok_scatter_args {
    int32_t indices, updates, destination;
    int32_t mode, type, along; // ok_scatter_mode, ok_type
    ok_len outer, axis, count, inner;
} ok_scatter_args;

/// slots[destination] = slots[source] + Σ begin[a] · stride[a] elements, each begin kept within 0 … room[a];
/// begin is `rank` int32s.
typedef struct ok_place_args {
    int32_t source, begin, destination;
    int32_t element, rank;
    ok_len room[OK_MAX_RANK], stride[OK_MAX_RANK], extent[OK_MAX_RANK];
} ok_place_args;
void ok_place(const void *args, ok_context *context) OK_REALTIME;

/// Running sums along the axis, float32 or int32: of what lies before an element and, unless `exclusive`,
/// itself. `reverse` runs from the end.
typedef struct ok_cumulate_args {
    int32_t source, destination;
    int32_t type, exclusive, reverse;
    ok_len outer, axis, inner;
} ok_cumulate_args;

/// destination[o, i] (int32) = where along the axis the largest (or smallest) element stands first. NaN wins.
typedef struct ok_arg_reduce_args {
    int32_t source, destination;
    int32_t type, smallest;
    ok_len outer, axis, inner;
} ok_arg_reduce_args;

/// The first `count` of each line along the axis in descending (or ascending) order, and where they stood;
/// equal ones in the order they stand. NaN counts as largest. `values` may be -1. `keys` is scratch for 2 ·
/// axis uint64.
typedef struct ok_sort_args {
    int32_t source, values, indices, keys;
    int32_t type, ascending;
    ok_len outer, axis, count, inner;
} ok_sort_args;

/// destination[o, i] = sum, mean, largest, smallest, product, sum of squares or of magnitudes of int32 along
/// the axis, by ok_reduce_kind; means are cut towards zero.
typedef struct ok_reduce_int_args {
    int32_t source, destination;
    int32_t kind;
    ok_len outer, axis, inner;
} ok_reduce_int_args;

#endif
