// Element-wise kernels for values that are not all float32: integers, comparisons, choices.
//
// A bool is one byte, 0 or 1. Strides are any, innermost ones too.
#ifndef OK_TYPED_H
#define OK_TYPED_H

#include "ok_elementwise.h"

typedef enum ok_type { OK_FLOAT32, OK_INT32, OK_BOOL } ok_type;

/// destination = source under another type. Floats are cut towards zero and kept within int32, NaN gives 0; a
/// bool is what is not zero.
typedef struct ok_cast_args {
    int32_t from, to; // ok_type
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand source, destination;
} ok_cast_args;

/// destination = a op b for int32, by ok_binary_kind without OK_PRELU. Overflow wraps. OK_DIVIDE gives
/// float32; the other quotients and remainders by zero are 0. A negative power is cut towards zero.
typedef ok_binary_args ok_binary_int_args;

typedef enum ok_compare_kind {
    OK_EQUAL,
    OK_NOT_EQUAL,
    OK_LESS,
    OK_LESS_EQUAL,
    OK_GREATER,
    OK_GREATER_EQUAL,
} ok_compare_kind;

/// destination (bool) = a op b, both of `type`.
typedef struct ok_compare_args {
    int32_t kind, type; // ok_compare_kind, ok_type
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand a, b, destination;
} ok_compare_args;

typedef enum ok_logical_kind { OK_AND, OK_OR, OK_XOR, OK_NOT } ok_logical_kind;

/// destination = a op b, all bool; OK_NOT takes a alone (b is a).
typedef struct ok_logical_args {
    int32_t kind; // ok_logical_kind
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand a, b, destination;
} ok_logical_args;

/// destination = condition (bool) ? a : b, elements of 1 or 4 bytes.
typedef struct ok_select_args {
    int32_t element;
    int32_t rank;
    ok_len shape[OK_MAX_RANK];
    ok_operand condition, a, b, destination;
} ok_select_args;

#endif
