// A value seen as [outer, axis, inner] with gaps, as the kernels of ok_axis.h walk it.
#ifndef AXIS_TEST_H
#define AXIS_TEST_H
#include "kernel_test.h"

typedef struct view {
    int64_t outer, axis, inner;
    int64_t outer_stride, axis_stride;
} view;

// Without columns there is no inner axis, and the axis itself is dense; with them the inner axis may be 1.
static inline view make_view(int64_t outer, int64_t axis, int64_t inner, int columns) {
    view v = {outer, axis, inner, 0, inner};
    if (columns) v.axis_stride += random_in(0, 3);
    v.outer_stride = axis * v.axis_stride + random_in(0, 3);
    return v;
}
static inline int64_t extent(const view *v) {
    return (v->outer - 1) * v->outer_stride + (v->axis - 1) * v->axis_stride + v->inner;
}
static inline int64_t at(const view *v, int64_t o, int64_t k, int64_t i) {
    return o * v->outer_stride + k * v->axis_stride + i;
}
static inline ok_axis_operand axis_operand(int32_t slot, const view *v) {
    return (ok_axis_operand){slot, length_of(v->outer_stride), length_of(v->axis_stride)};
}
static inline float *view_floats(const view *v, double scale) { return floats(extent(v), scale); }

#endif
