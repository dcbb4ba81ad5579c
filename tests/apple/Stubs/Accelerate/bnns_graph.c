#include <Accelerate/Accelerate.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MODELS = 64, MAX_ARGUMENTS = 64 };

typedef struct model {
    char *path;
    size_t count, workspace;
    bnns_stub_fault fault;
    bnns_stub_execute execute;
    bnns_stub_start start; // NULL: no states
    bool single_threaded;
    int live;
    void *user;
    BNNSTensor arguments[MAX_ARGUMENTS]; // dynamic extents are -1
    bool output[MAX_ARGUMENTS];
} model;

typedef struct context {
    model *model;
    BNNSGraphArgumentType type;
    BNNSTensor arguments[MAX_ARGUMENTS];
    bool streaming;
    int running;         // threads inside execute
    bool shapes_changed; // since the workspace size was last asked for
} context;

static model models[MAX_MODELS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // of `models`

static void unregister(const char *path) {
    for (int i = 0; i < MAX_MODELS; ++i)
        if (models[i].path && !strcmp(models[i].path, path)) {
            free(models[i].path);
            for (size_t a = 0; a < models[i].count; ++a) free((char *)models[i].arguments[a].name);
            memset(&models[i], 0, sizeof models[i]);
        }
}

void BNNSStubRegister(const char *path, const bnns_stub_argument *arguments, size_t count, size_t workspace,
                      bnns_stub_fault fault, bnns_stub_execute execute, void *user) {
    pthread_mutex_lock(&mutex);
    unregister(path);
    model *m = models;
    while (m < models + MAX_MODELS && m->path) ++m;
    if (m == models + MAX_MODELS || count > MAX_ARGUMENTS) abort();
    *m = (model){strdup(path), count, workspace, fault, execute, NULL, false, 0, user, {{0}}, {0}};
    for (size_t i = 0; i < count; ++i) {
        BNNSTensor *t = &m->arguments[i];
        t->data_type = arguments[i].data_type;
        t->rank = arguments[i].rank;
        t->name = strdup(arguments[i].name);
        memcpy(t->shape, arguments[i].shape, sizeof t->shape);
        m->output[i] = arguments[i].is_output;
    }
    pthread_mutex_unlock(&mutex);
}

void BNNSStubUnregister(const char *path) {
    pthread_mutex_lock(&mutex);
    unregister(path);
    pthread_mutex_unlock(&mutex);
}

static model *find(const char *path) {
    model *found = NULL;
    pthread_mutex_lock(&mutex);
    for (model *m = models; m < models + MAX_MODELS; ++m)
        if (m->path && !strcmp(m->path, path)) found = m;
    pthread_mutex_unlock(&mutex);
    return found;
}
void BNNSStubSetStateful(const char *path, bnns_stub_start start) { find(path)->start = start; }
void BNNSStubSetFault(const char *path, bnns_stub_fault fault) { find(path)->fault = fault; }
bool BNNSStubWasSingleThreaded(const char *path) { return find(path)->single_threaded; }

int BNNSStubLiveContexts(const char *path) { return find(path)->live; }

bnns_graph_compile_options_t BNNSGraphCompileOptionsMakeDefault(void) {
    return (bnns_graph_compile_options_t){calloc(1, sizeof(bool)), sizeof(bool)};
}
void BNNSGraphCompileOptionsDestroy(bnns_graph_compile_options_t options) {
    free(options.data);
}
void BNNSGraphCompileOptionsSetTargetSingleThread(bnns_graph_compile_options_t options, bool value) {
    *(bool *)options.data = value;
}
void BNNSGraphCompileOptionsSetGenerateDebugInfo(bnns_graph_compile_options_t options, bool value) {
    (void)options, (void)value;
}
void BNNSGraphCompileOptionsSetOptimizationPreference(bnns_graph_compile_options_t options,
                                                      BNNSGraphOptimizationPreference preference) {
    (void)options, (void)preference;
}

// The graph is malloc'ed, as Apple's: the caller frees its data.
bnns_graph_t BNNSGraphCompileFromFile(const char *filename, const char *function,
                                      bnns_graph_compile_options_t options) {
    (void)function;
    model *m = find(filename);
    if (!m || m->fault == BNNSStubRefusesModel) return (bnns_graph_t){NULL, 0};
    m->single_threaded = options.data && *(const bool *)options.data;
    model **graph = malloc(sizeof *graph);
    *graph = m;
    return (bnns_graph_t){graph, sizeof *graph};
}

static model *model_of(bnns_graph_t graph) { return *(model **)graph.data; }

bnns_graph_context_t BNNSGraphContextMake(bnns_graph_t graph) {
    model *m = model_of(graph);
    if (m->fault == BNNSStubNoContext) return (bnns_graph_context_t){NULL, 0};
    context *c = calloc(1, sizeof *c);
    c->model = m;
    c->shapes_changed = true;
    memcpy(c->arguments, m->arguments, sizeof c->arguments);
    __atomic_add_fetch(&c->model->live, 1, __ATOMIC_SEQ_CST);
    return (bnns_graph_context_t){c, sizeof *c};
}
bnns_graph_context_t BNNSGraphContextMakeStreaming(bnns_graph_t graph, const char *function,
                                                   size_t initial_states_count,
                                                   const BNNSTensor *initial_states) {
    (void)function;
    const bnns_graph_context_t made = BNNSGraphContextMake(graph);
    if (!made.data) return made;
    ((context *)made.data)->streaming = true;
    if (model_of(graph)->start) model_of(graph)->start(model_of(graph)->user, initial_states, initial_states_count);
    return made;
}
void BNNSGraphContextDestroy(bnns_graph_context_t context_) {
    __atomic_sub_fetch(&((context *)context_.data)->model->live, 1, __ATOMIC_SEQ_CST);
    free(context_.data);
}
int BNNSGraphContextSetArgumentType(bnns_graph_context_t context_, BNNSGraphArgumentType type) {
    if (((context *)context_.data)->model->fault == BNNSStubNoPointerArguments) return -1;
    ((context *)context_.data)->type = type;
    return 0;
}
int BNNSGraphContextSetBatchSize(bnns_graph_context_t context_, const char *function, uint64_t batch_size) {
    (void)context_, (void)function;
    return batch_size == 1 ? 0 : -1; // no stand-in model has a batch axis of its own
}
int BNNSGraphContextSetStreamingAdvanceCount(bnns_graph_context_t context_, size_t advance_count) {
    (void)context_;
    return advance_count > 0 ? 0 : -1;
}
void BNNSGraphContextEnableNanAndInfChecks(bnns_graph_context_t context_, bool enable) {
    (void)context_, (void)enable;
}

int BNNSGraphContextSetDynamicShapes(bnns_graph_context_t context_, const char *function, size_t shapes_count,
                                     bnns_graph_shape_t *shapes) {
    (void)function;
    context *c = context_.data;
    if (shapes_count != c->model->count || c->model->fault == BNNSStubNoShapes) return -1;
    for (size_t a = 0; a < shapes_count; ++a) {
        const BNNSTensor *declared = &c->model->arguments[a];
        if (shapes[a].rank == 0) continue; // as the model says, or inferred
        if (!shapes[a].shape || shapes[a].rank != declared->rank) return -1;
        for (size_t i = 0; i < shapes[a].rank; ++i) {
            const ptrdiff_t extent = (ptrdiff_t)shapes[a].shape[i];
            if (extent < 1 || (declared->shape[i] >= 0 && declared->shape[i] != extent)) return -1;
            c->arguments[a].shape[i] = extent;
        }
    }
    c->shapes_changed = true;
    if (c->model->fault == BNNSStubBoundedShapes) return 1;
    return c->model->fault == BNNSStubUnboundedShapes ? 2 : 0;
}

// Bytes of an argument, 0 while an extent is unknown.
static size_t bytes_of(const BNNSTensor *t) {
    size_t n = sizeof(float);
    for (int i = 0; i < t->rank; ++i) {
        if (t->shape[i] < 0) return 0;
        n *= (size_t)t->shape[i];
    }
    return n;
}

size_t BNNSGraphContextGetWorkspaceSize(bnns_graph_context_t context_, const char *function) {
    (void)function;
    context *c = context_.data;
    if (c->model->fault == BNNSStubNoWorkspace) return SIZE_MAX;
    for (size_t a = 0; a < c->model->count; ++a)
        if (!bytes_of(&c->arguments[a])) return SIZE_MAX;
    c->shapes_changed = false;
    return c->model->workspace;
}

size_t BNNSGraphGetArgumentPosition(bnns_graph_t graph, const char *function, const char *argument) {
    (void)function;
    const model *m = model_of(graph);
    if (m->fault == BNNSStubNoPosition) return SIZE_MAX;
    for (size_t i = 0; i < m->count; ++i)
        if (!strcmp(m->arguments[i].name, argument)) return i;
    return SIZE_MAX;
}

int BNNSGraphContextGetTensor(bnns_graph_context_t context_, const char *function, const char *argument,
                              bool fill_known_dynamic_shapes, BNNSTensor *tensor) {
    const context *c = context_.data;
    const model *m = c->model;
    const size_t i = BNNSGraphGetArgumentPosition((bnns_graph_t){&m, sizeof m}, function, argument);
    if (i == SIZE_MAX || m->fault == BNNSStubNoTensor) return -1;
    *tensor = fill_known_dynamic_shapes ? c->arguments[i] : m->arguments[i];
    tensor->data_size_in_bytes = bytes_of(tensor);
    return 0;
}

int BNNSGraphContextExecute(bnns_graph_context_t context_, const char *function, size_t argument_count,
                            bnns_graph_argument_t *arguments, size_t workspace_size, char *workspace) {
    (void)function;
    context *c = context_.data;
    const model *m = c->model;
    if (m->fault == BNNSStubExecuteFails || argument_count != m->count) return -1;
    // A stateful model keeps its states in a streaming context.
    if (m->start && !c->streaming) return -1;
    if ((uintptr_t)workspace % 4096) return -1; // whole pages are asked for
    // Apple's would allocate here; a caller that means to be real-time must not get that far.
    if (c->shapes_changed || workspace_size < m->workspace || !workspace_size || !workspace) return -1;
    BNNSTensor tensors[MAX_ARGUMENTS];
    for (size_t i = 0; i < m->count; ++i) {
        tensors[i] = c->arguments[i];
        const bool by_pointer = c->type == BNNSGraphArgumentTypePointer;
        void *data = by_pointer            ? arguments[i].data_ptr
                     : arguments[i].tensor ? arguments[i].tensor->data
                                           : NULL;
        const size_t size = by_pointer            ? arguments[i].data_ptr_size
                            : arguments[i].tensor ? arguments[i].tensor->data_size_in_bytes
                                                  : 0;
        if (!data || size < bytes_of(&tensors[i])) return -1;
        tensors[i].data = data;
        tensors[i].data_size_in_bytes = size;
    }
    memset(workspace, 0xff, workspace_size);
    // One thread at a time: what Apple's would do otherwise is undefined, so this is loud.
    if (__atomic_add_fetch(&c->running, 1, __ATOMIC_SEQ_CST) != 1) abort();
    const int code = m->execute(m->user, tensors, m->count);
    __atomic_sub_fetch(&c->running, 1, __ATOMIC_SEQ_CST);
    return code;
}

size_t BNNSGraphGetFunctionCount(bnns_graph_t graph) {
    (void)graph;
    return 1;
}
size_t BNNSGraphGetArgumentCount(bnns_graph_t graph, const char *function) {
    (void)function;
    return model_of(graph)->count;
}

static size_t count_of(bnns_graph_t graph, bool output) {
    size_t n = 0;
    for (size_t i = 0; i < model_of(graph)->count; ++i) n += model_of(graph)->output[i] == output;
    return n;
}
size_t BNNSGraphGetInputCount(bnns_graph_t graph, const char *function) {
    (void)function;
    return count_of(graph, false);
}
size_t BNNSGraphGetOutputCount(bnns_graph_t graph, const char *function) {
    (void)function;
    return count_of(graph, true);
}

static int names_of(bnns_graph_t graph, bool output, size_t count, const char **names) {
    if (count < count_of(graph, output)) return -1;
    for (size_t i = 0; i < model_of(graph)->count; ++i)
        if (model_of(graph)->output[i] == output) *names++ = model_of(graph)->arguments[i].name;
    return 0;
}
int BNNSGraphGetInputNames(bnns_graph_t graph, const char *function, size_t count, const char **names) {
    (void)function;
    return names_of(graph, false, count, names);
}
int BNNSGraphGetOutputNames(bnns_graph_t graph, const char *function, size_t count, const char **names) {
    (void)function;
    return names_of(graph, true, count, names);
}
int BNNSGraphGetArgumentNames(bnns_graph_t graph, const char *function, size_t count, const char **names) {
    (void)function;
    if (count < model_of(graph)->count) return -1;
    for (size_t i = 0; i < model_of(graph)->count; ++i) names[i] = model_of(graph)->arguments[i].name;
    return 0;
}
int BNNSGraphGetArgumentIntents(bnns_graph_t graph, const char *function, size_t count,
                                BNNSGraphArgumentIntent *intents) {
    (void)function;
    if (count < model_of(graph)->count) return -1;
    for (size_t i = 0; i < model_of(graph)->count; ++i)
        intents[i] = model_of(graph)->output[i] ? BNNSGraphArgumentIntentOut : BNNSGraphArgumentIntentIn;
    return 0;
}
