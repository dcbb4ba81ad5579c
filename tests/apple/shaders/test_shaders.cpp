// Runs every kernel of the shaders on the CPU against the float64 reference.
// usage: test_shaders [quick]   quick: the small shapes only (ThreadSanitizer, mutants)
#include "msl_runtime.h"
#include "reference.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include "ok_elementwise.h"
#include "ossicle_metal.h" // last: it brings MSL's keywords as macros

extern "C" const msl_kernel msl_table[];

// The shaders know two runs of kinds; the engine leaves the others to the CPU.
static_assert(ActivationEnd == (int)OK_UNARY_COUNT && ActivationReciprocal == (int)OK_RECIPROCAL && ActivationGeluSigmoid == (int)OK_GELU_SIGMOID && ActivationNamFastTanh == (int)OK_NAM_FAST_TANH && ActivationElu == (int)OK_ELU &&
                  ActivationGeluTanh == (int)OK_GELU_TANH && ActivationTanh == (int)OK_TANH &&
                  ActivationMish == (int)OK_MISH && ActivationHardswish == (int)OK_HARDSWISH &&
                  ActivationLog == (int)OK_LOG && ActivationFastTanh == (int)OK_FAST_TANH,
              "the shaders' activations are numbered as ok_unary_kind");

namespace {
using reference::Conv;

int failures = 0, runs = 0;
std::map<std::string, double> worst; // of error / allowed, by kernel

const msl_kernel *find(const std::string &name) {
    for (const msl_kernel *k = msl_table; k->name; ++k)
        if (name == k->name) return k;
    fprintf(stderr, "no kernel %s\n", name.c_str());
    exit(2);
}

// Exactly sized heap memory, so that AddressSanitizer sees every step outside; NaN until written.
struct Buffer {
    std::unique_ptr<float[]> data;
    size_t count;
    explicit Buffer(size_t n) : data(new float[n]), count(n) { memset(data.get(), 0xff, n * sizeof(float)); }
    msl_buffer bound() const { return {data.get(), count * sizeof(float)}; }
    float &operator[](size_t i) const { return data[i]; }
};

// Rows with a gap behind each: NaN that must be neither read nor written.
constexpr uint32_t GAP = 3;

struct Shape {
    Conv conv;
    uint32_t activation = 0, flags = 0;
    bool small = true;
};

struct Problem {
    Shape shape;
    ConvParams params;
    Buffer input, weight, bias, residual;
    std::vector<double> expected, allowed;
};

uint32_t gcd(uint32_t a, uint32_t b) { return b ? gcd(b, a % b) : a; }

ConvParams params_of(const Shape &s) {
    const Conv &c = s.conv;
    return {c.in,
            c.out,
            c.length,
            c.outLength,
            c.length + GAP,
            c.outLength + GAP,
            c.outLength + 1,
            c.taps,
            c.stride,
            c.dilation,
            c.padding,
            c.groups,
            c.stride / gcd(c.stride, c.dilation),
            s.flags,
            s.activation,
            0.3f,
            0.8f};
}

Problem make(const Shape &s, bool transposed) {
    const Conv &c = s.conv;
    std::mt19937 random(c.length * 31 + c.taps);
    std::uniform_real_distribution<float> uniform(-1, 1);
    Problem p{s,
              params_of(s),
              Buffer(size_t(c.in) * (c.length + GAP) - GAP),
              Buffer(size_t(c.in) * c.out / c.groups * c.taps),
              Buffer(c.out),
              Buffer(size_t(c.out) * (c.outLength + 1) - 1),
              {},
              {}};
    for (uint32_t i = 0; i < c.in; ++i)
        for (uint32_t t = 0; t < c.length; ++t) p.input[size_t(i) * (c.length + GAP) + t] = uniform(random);
    for (size_t i = 0; i < p.weight.count; ++i) p.weight[i] = uniform(random);
    for (size_t i = 0; i < p.bias.count; ++i) p.bias[i] = uniform(random);
    for (uint32_t o = 0; o < c.out; ++o)
        for (uint32_t t = 0; t < c.outLength; ++t)
            p.residual[size_t(o) * (c.outLength + 1) + t] = uniform(random);
    const auto sums =
        transposed ? reference::convTranspose(c, p.input.data.get(), c.length + GAP, p.weight.data.get())
                   : reference::conv(c, p.input.data.get(), c.length + GAP, p.weight.data.get());
    const double terms = double(c.in / c.groups) * c.taps;
    for (uint32_t o = 0; o < c.out; ++o)
        for (uint32_t t = 0; t < c.outLength; ++t) {
            const size_t at = size_t(o) * c.outLength + t;
            const double r = p.residual[size_t(o) * (c.outLength + 1) + t];
            double sum = sums.value[at], magnitude = sums.magnitude[at] + 2;
            if (s.flags & ConvHasBias) sum += p.bias[o];
            if (s.flags & ConvResidualBefore) sum += r;
            double y = reference::activate(sum, (int)s.activation, 0.3f, 0.8f);
            if (s.flags & ConvResidualAfter) y += r;
            p.expected.push_back(y);
            // Rounding errors of a sum grow like the root of its length; activations here have slope below 2.
            p.allowed.push_back(0x1p-24 * magnitude * (4 + 2 * std::sqrt(terms)));
        }
    return p;
}

void check(const Problem &p, const std::string &name, const Buffer &output, const std::string &how) {
    const Conv &c = p.shape.conv;
    const uint32_t pitch = c.outLength + GAP;
    double ratio = 0, error = 0;
    bool wrong = false, stray = false;
    for (uint32_t o = 0; o < c.out; ++o)
        for (uint32_t t = 0; t < pitch && size_t(o) * pitch + t < output.count; ++t) {
            const float y = output[size_t(o) * pitch + t];
            if (t >= c.outLength) {
                uint32_t bits;
                memcpy(&bits, &y, 4);
                stray |= bits != 0xffffffffu;
                continue;
            }
            const size_t at = size_t(o) * c.outLength + t;
            const double e = std::fabs(y - p.expected[at]);
            if (!(e <= p.allowed[at])) wrong = true;
            if (!(e / p.allowed[at] <= ratio)) ratio = e / p.allowed[at], error = e;
        }
    ++runs;
    double &w = worst[name];
    if (!(ratio <= w)) w = ratio;
    if (!wrong && !stray) return;
    ++failures;
    printf("FAIL %s C%u->%u/%u L%u->%u K%u s%u d%u p%u act%u flags%u %s:%s error %.3g (%.3g of the bound)\n",
           name.c_str(), c.in, c.out, c.groups, c.length, c.outLength, c.taps, c.stride, c.dilation,
           c.padding, p.shape.activation, p.shape.flags, how.c_str(),
           stray ? " wrote outside a row," : " wrong result,", error, ratio);
}

uint32_t divide_up(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

/// The grid of a convolution kernel, as its comment in the .metal file says.
msl_size grid_of(const std::string &name, const Conv &c) {
    const uint32_t blocks = c.groups * divide_up(c.out / c.groups, CHANNEL_BLOCK);
    if (name == "conv1d_forward_vec4") return {divide_up(c.outLength, 4), blocks, 1};
    if (name == "conv1d_forward_tiled") return {divide_up(c.outLength, 128) * 64, blocks, 1};
    if (name == "conv_transpose1d_forward_vec4") return {c.outLength, blocks, 1};
    return {c.outLength, c.out, 1};
}

void run_conv(const Problem &p, const std::string &name, msl_size threads, int order, bool clipped) {
    const Conv &c = p.shape.conv;
    Buffer output(size_t(c.out) * (c.outLength + GAP) - GAP);
    Buffer parameters(sizeof(ConvParams) / 4);
    memcpy(parameters.data.get(), &p.params, sizeof p.params);
    const msl_buffer buffers[] = {p.input.bound(),    p.weight.bound(), p.bias.bound(),
                                  p.residual.bound(), output.bound(),   parameters.bound()};
    const msl_arguments arguments = {buffers, 6};
    const msl_options options = {order, 11};
    const msl_kernel *found = find(name);
    const msl_size grid = grid_of(name, c);
    const char *error = "";
    int code;
    if (clipped)
        code = msl_dispatch_threads(found, &arguments, grid, threads, &options, &error);
    else {
        const msl_size groups = {divide_up(grid.x, threads.x), divide_up(grid.y, threads.y), 1};
        code = msl_dispatch_threadgroups(found, &arguments, groups, threads, &options, &error);
    }
    const char *orders[] = {"forward", "reverse", "shuffled"};
    const std::string how =
        std::string(orders[order]) + (clipped ? ", dispatchThreads" : ", dispatchThreadgroups");
    if (code) {
        ++failures;
        printf("FAIL %s %s: %s\n", name.c_str(), how.c_str(), error);
    } else
        check(p, name, output, how);
}

void run_all(const Shape &s, bool transposed) {
    const Problem p = make(s, transposed);
    const Conv &c = s.conv;
    std::vector<std::string> names = {"conv1d_forward", "conv1d_forward_vec4"};
    if (transposed)
        names = {"conv_transpose1d_forward", "conv_transpose1d_forward_vec4"};
    else if (c.taps <= 128 && 127 * c.stride + (c.taps - 1) * c.dilation + 1 <= 2048)
        names.push_back("conv1d_forward_tiled");
    for (const std::string &name : names)
        for (int order = 0; order < 3; ++order)
            for (int clipped = 0; clipped < 2; ++clipped) {
                msl_size threads = order == 0   ? msl_size{32, 2, 1}
                                   : order == 1 ? msl_size{16, 3, 1}
                                                : msl_size{64, 1, 1};
                if (name == "conv1d_forward_tiled") threads = {64, 1, 1};
                run_conv(p, name, threads, order, clipped);
            }
}

uint32_t out_length(const Conv &c) {
    return (c.length + 2 * c.padding - (c.taps - 1) * c.dilation - 1) / c.stride + 1;
}

Shape forward(uint32_t in, uint32_t out, uint32_t groups, uint32_t length, uint32_t taps, uint32_t stride,
              uint32_t dilation, uint32_t padding, uint32_t activation, uint32_t flags, bool small = true) {
    Conv c = {in, out, groups, length, 0, taps, stride, dilation, padding};
    c.outLength = out_length(c);
    return {c, activation, flags, small};
}

Shape causal(uint32_t channels, uint32_t length, uint32_t taps, uint32_t dilation, uint32_t activation) {
    return {{channels, channels, 1, length, length, taps, 1, dilation, (taps - 1) * dilation},
            activation,
            ConvHasBias | ConvResidualAfter,
            true};
}

Shape transposed(uint32_t in, uint32_t out, uint32_t groups, uint32_t length, uint32_t taps, uint32_t stride,
                 uint32_t dilation, uint32_t padding, uint32_t extra, uint32_t activation, uint32_t flags) {
    Conv c = {in, out, groups, length, 0, taps, stride, dilation, padding};
    c.outLength = (length - 1) * stride + (taps - 1) * dilation + 1 + extra - 2 * padding;
    return {c, activation, flags, true};
}

void convolutions(bool quick) {
    const uint32_t bias = ConvHasBias, before = ConvResidualBefore, after = ConvResidualAfter;
    const Shape shapes[] = {
        forward(1, 1, 1, 1, 1, 1, 1, 0, ActivationIdentity, 0),
        forward(1, 1, 1, 5, 3, 1, 1, 1, ActivationIdentity, bias),
        forward(1, 1, 1, 3, 7, 1, 1, 5, ActivationRelu, bias),
        forward(2, 2, 1, 64, 1, 3, 1, 0, ActivationTanh, bias | before),
        forward(3, 5, 1, 75, 7, 2, 2, 6, ActivationLeakyRelu, bias),
        forward(4, 6, 2, 131, 5, 1, 3, 2, ActivationSigmoid, bias | after),
        forward(6, 6, 6, 97, 3, 1, 2, 2, ActivationGelu, before),
        forward(3, 9, 3, 129, 4, 4, 1, 1, ActivationSilu, bias | before | after),
        forward(2, 4, 2, 150, 16, 1, 1, 8, ActivationElu, bias),
        forward(2, 5, 1, 143, 17, 1, 1, 8, ActivationSelu, bias | after),
        causal(4, 130, 3, 8, ActivationTanh),
        causal(2, 33, 20, 5, ActivationMish),
        forward(2, 3, 1, 300, 9, 1, 1, 4, ActivationIdentity, bias, false),
        forward(1, 2, 1, 401, 127, 1, 1, 63, ActivationIdentity, 0, false),
        forward(2, 1, 1, 513, 128, 1, 1, 0, ActivationHardswish, bias, false),
        forward(1, 2, 1, 301, 129, 1, 1, 64, ActivationSoftsign, bias, false),
        forward(1, 1, 1, 1701, 31, 3, 5, 20, ActivationIdentity, bias, false),
        forward(3, 7, 1, 257, 128, 2, 6, 381, ActivationGeluTanh, bias | after, false),
        forward(5, 3, 1, 1023, 2, 7, 11, 3, ActivationHardtanh, bias, false),
    };
    for (const Shape &s : shapes)
        if (!quick || s.small) run_all(s, false);
    const Shape upward[] = {
        transposed(1, 1, 1, 1, 1, 1, 1, 0, 0, ActivationIdentity, 0),
        transposed(2, 3, 1, 31, 4, 2, 1, 1, 0, ActivationIdentity, bias),
        transposed(3, 5, 1, 17, 7, 3, 2, 4, 2, ActivationTanh, bias | after),
        transposed(4, 6, 2, 23, 5, 4, 6, 3, 1, ActivationLeakyRelu, bias | before),
        transposed(4, 4, 4, 19, 3, 5, 1, 0, 4, ActivationElu, bias), // stride > kernel: outputs without taps
        transposed(2, 9, 1, 25, 16, 8, 1, 4, 0, ActivationGelu, bias),
        transposed(2, 2, 1, 13, 6, 6, 4, 2, 3, ActivationSigmoid, 0),
    };
    for (const Shape &s : upward) run_all(s, true);
}

// Beyond its limits the tiled kernel must write nothing at all, for every thread alike.
void limits() {
    const Shape beyond[] = {forward(1, 2, 1, 300, 129, 1, 1, 64, 0, 0),
                            forward(1, 2, 1, 2200, 3, 1, 1000, 0, 0, 0)};
    for (const Shape &s : beyond) {
        const Problem p = make(s, false);
        Buffer output(size_t(s.conv.out) * (s.conv.outLength + GAP) - GAP);
        const msl_buffer buffers[] = {p.input.bound(), p.weight.bound(),
                                      p.bias.bound(),  p.residual.bound(),
                                      output.bound(),  {(void *)&p.params, sizeof p.params}};
        const msl_arguments arguments = {buffers, 6};
        const char *error = "";
        const int code =
            msl_dispatch_threads(find("conv1d_forward_tiled"), &arguments,
                                 grid_of("conv1d_forward_tiled", s.conv), {64, 1, 1}, nullptr, &error);
        bool untouched = true;
        for (size_t i = 0; i < output.count; ++i) untouched &= std::isnan(output[i]);
        ++runs;
        if (code || !untouched) {
            ++failures;
            printf("FAIL conv1d_forward_tiled beyond its limits (K%u d%u): %s\n", s.conv.taps,
                   s.conv.dilation, code ? error : "wrong result, it wrote something");
        }
    }
}
} // namespace

#include "test_elementwise.h"

int main(int argc, char **argv) {
    const bool quick = argc > 1 && std::string(argv[1]) == "quick";
    convolutions(quick);
    limits();
    elementwise(quick);
    for (const auto &[name, ratio] : worst)
        printf("  %-32s worst error %.2f of the bound\n", name.c_str(), ratio);
    printf("%s: %d runs, %d failures\n", failures ? "FAIL" : "ok", runs, failures);
    return failures ? 1 : 0;
}
