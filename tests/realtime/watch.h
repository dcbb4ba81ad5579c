// The watch of the driver, for the other files that run something under it.
#ifndef WATCH_H
#define WATCH_H

#if defined(__has_feature)
#if __has_feature(realtime_sanitizer)
#define NONBLOCKING __attribute__((nonblocking))
#endif
#endif
#ifndef NONBLOCKING
#define NONBLOCKING
#endif

/// Between the two, every allocation, lock and system call is counted.
extern void (*arm)(void), (*disarm)(void);
/// Counts a failure unless `holds`.
void expect(int holds, const char *name, const char *what);
/// Runs hybrid pipelines and their streams, `callbacks` blocks for each block size.
void watch_hybrid(long callbacks);

#endif
