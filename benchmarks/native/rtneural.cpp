// RTNeural's compile-time models: a recurrent layer, then Dense to one output.
#include "peer.h"
#include <RTNeural/RTNeural.h>
#include <string>

namespace {
struct Model {
    virtual ~Model() = default;
    virtual void reset() = 0;
    virtual void run(const float *x, float *y, int64_t frames) = 0;
};

using Matrix = std::vector<std::vector<float>>;

// PyTorch's [gates · hidden, columns] with its gates in `order`, as RTNeural's [columns][gates · hidden].
Matrix transposed(const float *weight, int hidden, int columns, const std::vector<int> &order) {
    Matrix result(columns, std::vector<float>(order.size() * hidden));
    for (size_t gate = 0; gate < order.size(); ++gate)
        for (int row = 0; row < hidden; ++row)
            for (int column = 0; column < columns; ++column)
                result[column][gate * hidden + row] = weight[(order[gate] * hidden + row) * columns + column];
    return result;
}

template <typename Layer, int hidden, bool is_lstm> struct Recurrent : Model {
    RTNeural::ModelT<float, 1, 1, Layer, RTNeural::DenseT<float, hidden, 1>> model;

    Recurrent(const float *const *weights) {
        const std::vector<int> order =
            is_lstm ? std::vector{0, 1, 2, 3} : std::vector{1, 0, 2}; // r, z, n to z, r, h
        auto &layer = model.template get<0>();
        layer.setWVals(transposed(weights[0], hidden, 1, order));
        layer.setUVals(transposed(weights[1], hidden, hidden, order));
        Matrix bias{transposed(weights[2], hidden, 1, order)[0], transposed(weights[3], hidden, 1, order)[0]};
        if constexpr (is_lstm) {
            for (size_t i = 0; i < bias[0].size(); ++i) bias[0][i] += bias[1][i];
            layer.setBVals(bias[0]);
        } else {
            layer.setBVals(bias);
        }
        model.template get<1>().setWeights(Matrix{{weights[4], weights[4] + hidden}});
        model.template get<1>().setBias(weights[5]);
        model.reset();
    }
    void reset() override { model.reset(); }
    void run(const float *x, float *y, int64_t frames) override {
        for (int64_t i = 0; i < frames; ++i) {
            alignas(64) float input[16] = {x[i]};
            y[i] = model.forward(input);
        }
    }
};
} // namespace

// weights: weight_ih, weight_hh, bias_ih, bias_hh, Linear's weight and bias, as PyTorch has them. NULL for a
// network that is not compiled in.
PEER void *peer_recurrent(const char *kind, int64_t hidden, const float *const *weights) {
    const bool is_lstm = std::string(kind) == "LSTM";
    if (is_lstm && hidden == 20) return new Recurrent<RTNeural::LSTMLayerT<float, 1, 20>, 20, true>(weights);
    if (is_lstm && hidden == 40) return new Recurrent<RTNeural::LSTMLayerT<float, 1, 40>, 40, true>(weights);
    if (!is_lstm && hidden == 64) return new Recurrent<RTNeural::GRULayerT<float, 1, 64>, 64, false>(weights);
    return nullptr;
}
void peer_reset(void *peer) { static_cast<Model *>(peer)->reset(); }
void peer_run(void *peer, const float *x, float *y, int64_t frames) {
    static_cast<Model *>(peer)->run(x, y, frames);
}
