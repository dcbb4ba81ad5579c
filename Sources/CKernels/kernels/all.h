// All kernels of one instruction set, and the table that names them.
#include "kernels/vec.h"
#include "kernels/math.h"
#include "kernels/trigonometry.h"
#include "kernels/activations.h"
#include "kernels/elementwise.h"
#include "kernels/typed.h"
#include "kernels/unary.h"
#include "kernels/move.h"
#include "kernels/reduce.h"
#include "kernels/normalize.h"
#include "kernels/softmax.h"
#include "kernels/pool.h"
#include "kernels/take.h"
#include "kernels/index.h"
#include "kernels/order.h"
#include "kernels/conv.h"
#include "kernels/transpose.h"
#include "kernels/transform.h"
#include "kernels/linear_batch.h"
#include "kernels/linear.h"
#include "kernels/matmul.h"
#include "kernels/recurrent.h"
#include "kernels/lstm.h"
#include "kernels/gru.h"

#define OK_ENTRY(name) .name = name,
const ok_kernels OK_TABLE = {.lanes = OK_LANES,
                             .conv_rows = OK_CONV_ROWS,
                             .transform_vectors = OK_TRANSFORM_VECTORS,
                             OK_KERNEL_LIST(OK_ENTRY)};
#undef OK_ENTRY
