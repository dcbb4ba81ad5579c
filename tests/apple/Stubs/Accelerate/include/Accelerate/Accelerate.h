// Linux stand-in for the part of Accelerate that the engine uses, written from Apple's published
// documentation. It is C, so that Swift's own importer makes the interface that it makes on a Mac.
#ifndef OSSICLE_ACCELERATE_STUB_H
#define OSSICLE_ACCELERATE_STUB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cblas.h"
#include "vdsp.h"
#include "bnns_graph.h"
#include "bnns_graph_stub.h"
#include "accelerate_stub.h"

#endif
