#pragma once
#include <Accelerate/Accelerate.h>

extern _Thread_local accelerate_stub_calls stub_calls;
extern _Thread_local float stub_error;
