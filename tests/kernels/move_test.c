// Kernels that only move elements: copies, windows, interleaving, views, silence.
#include "kernel_test.h"

enum { RANK = 4 };

// Element by element, with strides of either sign and of zero, against the definition.
static void copy(const char *isa, const ok_kernels *kernels, int32_t size) {
    ok_copy_args args = {.element = size, .rank = (int32_t)random_in(1, RANK), .destination = {.slot = 1}};
    int64_t shape[RANK], from[RANK], to[RANK], first = 0, last = 0, extent = 1, count = 1;
    int64_t source_extent = 1;
    int turned = random_bits() % 2; // the source lies in the opposite order: a transpose
    for (int32_t i = args.rank - 1; i >= 0; --i) {
        shape[i] = random_in(1, i == args.rank - 1 ? 40 : 6), count *= shape[i];
        to[i] = extent + (random_bits() % 4 ? 0 : random_in(0, 2));
        extent = (shape[i] - 1) * to[i] + extent;
    }
    for (int32_t j = args.rank - 1; j >= 0; --j) {
        int32_t i = turned ? args.rank - 1 - j : j;
        from[i] = source_extent + (random_bits() % 4 ? 0 : random_in(0, 2));
        source_extent = (shape[i] - 1) * from[i] + source_extent;
        if (random_bits() % 6 == 0) from[i] = -from[i]; // reversed
        if (random_bits() % 8 == 0) from[i] = 0;        // broadcast
        *(from[i] < 0 ? &first : &last) += (shape[i] - 1) * from[i];
    }
    for (int32_t i = 0; i < args.rank; ++i) {
        args.shape[i] = length_of(shape[i]);
        args.source.stride[i] = length_of(from[i]), args.destination.stride[i] = length_of(to[i]);
    }
    size_t bytes = (size_t)((last - first + 1) * size), written = (size_t)(extent * size);
    unsigned char *x = malloc(bytes), *y = malloc(written), *wanted = malloc(written);
    for (size_t i = 0; i < bytes; ++i) x[i] = (unsigned char)random_bits();
    memset(y, 0xa5, written), memset(wanted, 0xa5, written);
    unsigned char *base = x - first * size;
    for (int64_t i = 0; i < count; ++i) {
        int64_t rest = i, a = 0, b = 0;
        for (int32_t axis = args.rank - 1; axis >= 0; rest /= shape[axis--])
            a += rest % shape[axis] * from[axis], b += rest % shape[axis] * to[axis];
        memcpy(wanted + b * size, base + a * size, (size_t)size);
    }
    call(kernels->ok_copy, &args, (void *[]){base, y});
    expect(memcmp(y, wanted, written) == 0, "%s copy of %d bytes, rank %d", isa, size, args.rank);
    // Positive control: a changed byte is seen.
    *base ^= 1;
    call(kernels->ok_copy, &args, (void *[]){base, y});
    expect(memcmp(y, wanted, written) != 0, "%s copy of %d bytes: a wrong byte passes", isa, size);
    free(x), free(y), free(wanted);
}

// The element that a padded line of n has at i.
static double padded(int32_t mode, const float *line, int64_t n, int64_t i) {
    if (i < 0 || i >= n) {
        if (mode == OK_PAD_ZEROS) return 0;
        if (mode == OK_PAD_REPLICATE) i = i < 0 ? 0 : n - 1;
        if (mode == OK_PAD_CIRCULAR) i = (i + n) % n;
        if (mode == OK_PAD_REFLECT) i = i < 0 ? -i : 2 * n - 2 - i;
    }
    return line[i];
}

static int64_t reach(int32_t mode, int64_t n) { // how far a padding of this mode goes
    return mode == OK_PAD_REFLECT ? n - 1 : mode == OK_PAD_CIRCULAR ? n : 12;
}

static void window(const char *isa, const ok_kernels *kernels, int32_t mode) {
    static const int32_t strides[] = {1, 2, 3, 4, 4, 2};
    int32_t stride = strides[random_bits() % 6];
    int64_t in_x = random_in(1, 150), in_y = random_bits() % 2 ? 1 : random_in(1, 5);
    int64_t most_x = reach(mode, in_x), most_y = in_y == 1 ? 0 : reach(mode, in_y);
    int64_t pad_x = random_in(-(in_x - 1) / 2, most_x > 12 ? 12 : most_x); // below zero: cropped
    int64_t pad_y = most_y == 0 ? 0 : random_in(0, most_y > 3 ? 3 : most_y);
    int64_t out_y = random_in(1, in_y + pad_y + (most_y > 2 ? 2 : most_y));
    int64_t out_x = random_in(0, (in_x + pad_x + most_x) / stride);
    int64_t batch = random_in(1, 3), planes = random_in(1, 3), offset = random_in(-4, 4);
    int64_t row = in_x + random_in(0, 2), plane = in_y * row + random_in(0, 2), item = planes * plane;
    int64_t count = (batch - 1) * item + (planes - 1) * plane + (in_y - 1) * row + in_x;
    float *x = floats(count, 1);
    output y = make_output(batch * stride * planes * out_y * out_x);
    ok_window_args args = {.source = 0,
                           .destination = 1,
                           .mode = mode,
                           .stride = stride,
                           .offset = offset,
                           .pad_x = pad_x,
                           .pad_y = pad_y,
                           .batch = batch,
                           .planes = planes,
                           .batch_stride = length_of(item),
                           .plane_stride = length_of(plane),
                           .row_stride = length_of(row),
                           .in_x = length_of(in_x),
                           .in_y = length_of(in_y),
                           .out_x = length_of(out_x),
                           .out_y = length_of(out_y)};
    call(kernels->ok_window, &args, (void *[]){x - offset, y.found});
    double *wanted = y.wanted;
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t phase = 0; phase < stride; ++phase)
            for (int64_t p = 0; p < planes; ++p)
                for (int64_t v = 0; v < out_y; ++v)
                    for (int64_t c = 0; c < out_x; ++c) {
                        float column[8] = {0}; // of row numbers, padded the same way
                        for (int64_t i = 0; i < in_y; ++i) column[i] = (float)(i + 1);
                        int64_t line = (int64_t)padded(mode, column, in_y, v - pad_y) - 1;
                        const float *source = x + b * item + p * plane + line * row;
                        *wanted++ = line < 0 ? 0 : padded(mode, source, in_x, c * stride + phase - pad_x);
                    }
    expect(error_of(&y) == 0, "%s window mode %d stride %d: %d x %d pad %d to %d x %d", isa, mode, stride,
           (int)in_x, (int)in_y, (int)pad_x, (int)out_x, (int)out_y);
    free(x), free_output(&y);
}

static void interleave(const char *isa, const ok_kernels *kernels) {
    int32_t stride = (int32_t)random_in(1, 6);
    int64_t crop = random_in(0, 9), out = random_in(1, 300), batch = random_in(1, 2),
            channels = random_in(1, 3);
    int64_t in = (out - 1 + crop) / stride - crop / stride + 1 + random_in(0, 2);
    int64_t row = out + random_in(0, 3), item = channels * row;
    float *x = floats(batch * channels * stride * in, 1);
    output y = make_output(batch * item - (row - out));
    ok_interleave_args args = {.source = 0,
                               .destination = 1,
                               .stride = stride,
                               .crop = crop,
                               .batch = batch,
                               .channels = channels,
                               .in_columns = length_of(in),
                               .out_columns = length_of(out),
                               .destination_batch_stride = length_of(item),
                               .destination_row_stride = length_of(row)};
    call(kernels->ok_interleave, &args, (void *[]){x, y.found});
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t c = 0; c < channels; ++c)
            for (int64_t t = 0; t < out; ++t) {
                int64_t phase = (t + crop) % stride, column = (t + crop) / stride - crop / stride;
                y.wanted[b * item + c * row + t] = x[((b * channels + c) * stride + phase) * in + column];
            }
    expect(error_of(&y) == 0, "%s interleave stride %d crop %d: %d to %d", isa, stride, (int)crop, (int)in,
           (int)out);
    free(x), free_output(&y);
}

static void view(void) {
    char block[16];
    void *slots[] = {block, NULL};
    ok_view_args args = {0, 1, length_of(12)};
    call(ok_view, &args, slots);
    expect(slots[1] == block + 12, "a view lies elsewhere");
}

// Blocks of a stream whose first `frames` frames are silenced.
static void mute(void) {
    int64_t counter = 0, frames = random_in(0, 20), rows = random_in(1, 3), seen = 0;
    while (seen < 40) {
        int64_t columns = random_in(1, 9), stride = columns + random_in(0, 2);
        output y = make_output((rows - 1) * stride + columns);
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t t = 0; t < columns; ++t)
                if (seen + t < frames) y.wanted[r * stride + t] = 0;
        ok_mute_args args = {.slot = 0, .counter = 1, .frames = frames, .rows = rows};
        args.row_stride = length_of(stride), args.columns = length_of(columns);
        call(ok_mute, &args, (void *[]){y.found, &counter});
        expect(error_of(&y) == 0, "mute of %d frames, %d seen", (int)frames, (int)seen);
        seen += columns, free_output(&y);
    }
}

// Blocks of a stream whose first `frames` rows a recurrent layer must not see.
static void skip(void) {
    int64_t counter = 0, frames = random_in(0, 20), features = random_in(1, 5), batch = random_in(1, 2),
            seen = 0;
    while (seen < 40) {
        int64_t rows = random_in(1, 9), step = features + random_in(0, 2), item = rows * step;
        int64_t left_out = seen + rows <= frames ? rows : seen < frames ? frames - seen : 0;
        output y = make_output(batch * item - (step - features));
        for (int64_t b = 0; b < batch; ++b)
            for (int64_t r = 0; r < left_out; ++r)
                for (int64_t f = 0; f < features; ++f) y.wanted[b * item + r * step + f] = 0;
        float x[64];
        void *slots[] = {&counter, x, y.found, NULL, NULL};
        ok_skip_args args = {.counter = 0,
                             .length = 3, // entry of the dimension table
                             .input = 1,
                             .output = 2,
                             .input_rest = 3,
                             .output_rest = 4,
                             .frames = frames,
                             .batch = batch,
                             .output_features = features,
                             .rows = rows,
                             .input_step = 7,
                             .output_step = step,
                             .output_batch = item};
        call(ok_skip, &args, slots);
        expect(error_of(&y) == 0 && dimensions[3] == rows - left_out, "skip of %d frames, %d seen",
               (int)frames, (int)seen);
        expect(slots[3] == x + 7 * left_out && slots[4] == y.found + left_out * step,
               "skip points at other rows");
        seen += rows, free_output(&y);
    }
}

static void test(const char *isa, const ok_kernels *kernels) {
    for (int64_t i = thinned(1500); i > 0; --i) {
        for (int32_t size = 1; size <= 8; size *= 2) copy(isa, kernels, size);
        for (int32_t mode = OK_PAD_ZEROS; mode <= OK_PAD_CIRCULAR; ++mode) window(isa, kernels, mode);
        interleave(isa, kernels), view(), mute(), skip();
    }
}

int main(void) { return test_each("move_test", test); }
