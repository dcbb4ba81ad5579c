#ifndef OSSICLE_H
#define OSSICLE_H
#endif
