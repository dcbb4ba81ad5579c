// NeuralAmpModelerCore on a .nam file.
#include "peer.h"
#include <NAM/activations.h>
#include <NAM/dsp.h>
#include <NAM/get_dsp.h>
#include <filesystem>

namespace {
struct Model {
    std::unique_ptr<nam::DSP> dsp;
    std::vector<NAM_SAMPLE> x, y;
};
constexpr int64_t max_block = 4096;
} // namespace

PEER void *peer_nam(const char *path) {
    auto *model = new Model{nam::get_dsp(std::filesystem::path(path)), {}, {}};
    model->x.resize(max_block), model->y.resize(max_block);
    model->dsp->Reset(48000, max_block);
    return model;
}
void peer_reset(void *peer) { static_cast<Model *>(peer)->dsp->Reset(48000, max_block); }
void peer_run(void *peer, const float *x, float *y, int64_t frames) {
    auto *model = static_cast<Model *>(peer);
    std::copy_n(x, frames, model->x.begin());
    NAM_SAMPLE *in = model->x.data(), *out = model->y.data();
    model->dsp->process(&in, &out, static_cast<int>(frames));
    std::copy_n(out, frames, y);
}
