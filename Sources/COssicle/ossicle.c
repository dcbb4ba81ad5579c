#include "ossicle.h"
typedef int ossicle_placeholder;
