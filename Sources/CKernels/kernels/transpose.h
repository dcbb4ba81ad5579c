// destination[c][r] = source[r][c] for 4-byte elements, a 4 x 4 block at a time in registers.
static void ok_transpose4(const float *source, int64_t ss, int64_t rows, int64_t columns, float *destination,
                          int64_t ds) {
    typedef float v4 __attribute__((vector_size(16), aligned(4), may_alias));
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const float *s = source + r * ss;
        float *d = destination + r;
        int64_t c = 0;
        for (; c + 4 <= columns; c += 4, d += 4 * ds) {
            v4 x = *(const v4 *)(s + c), y = *(const v4 *)(s + ss + c);
            v4 z = *(const v4 *)(s + 2 * ss + c), w = *(const v4 *)(s + 3 * ss + c);
            v4 xy = __builtin_shufflevector(x, y, 0, 4, 1, 5), zw = __builtin_shufflevector(z, w, 0, 4, 1, 5);
            v4 XY = __builtin_shufflevector(x, y, 2, 6, 3, 7), ZW = __builtin_shufflevector(z, w, 2, 6, 3, 7);
            *(v4 *)d = __builtin_shufflevector(xy, zw, 0, 1, 4, 5);
            *(v4 *)(d + ds) = __builtin_shufflevector(xy, zw, 2, 3, 6, 7);
            *(v4 *)(d + 2 * ds) = __builtin_shufflevector(XY, ZW, 0, 1, 4, 5);
            *(v4 *)(d + 3 * ds) = __builtin_shufflevector(XY, ZW, 2, 3, 6, 7);
        }
        for (; c < columns; ++c, d += ds)
            for (int i = 0; i < 4; ++i) d[i] = s[i * ss + c];
    }
    for (; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c) destination[c * ds + r] = source[r * ss + c];
}
