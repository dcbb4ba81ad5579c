// Binds kernels to msl_arguments. Included once, after the .metal text, by the unit that msl/signatures.py
// writes: a kernel whose attributes do not fit its parameter types does not compile.
#pragma once
#include "msl_runtime.h"

namespace msl {
template <class T> struct plain {
    static constexpr bool reference = false, pointer = false, constant_ = false;
    typedef T type;
};
template <class T> struct plain<const T> : plain<T> {
    static constexpr bool constant_ = true;
};
template <class T> struct plain<T &> : plain<T> {
    static constexpr bool reference = true;
};
template <class T> struct plain<T *> : plain<T> {
    static constexpr bool pointer = true;
};

template <int N> struct buffer {
    template <class T> static T get(const msl_arguments *arguments, const msl_thread *) {
        static_assert(plain<T>::reference || plain<T>::pointer,
                      "[[buffer(n)]] wants a pointer or a reference");
        void *start = arguments->buffers[N].start;
        if constexpr (plain<T>::reference)
            return *(typename plain<T>::type *)start;
        else
            return (T)start;
    }
    template <class T> static constexpr msl_parameter describe() {
        return {"buffer", N, (int)sizeof(typename plain<T>::type), plain<T>::reference, plain<T>::constant_};
    }
};

template <class T> T position(const msl_size &size) {
    constexpr int n = metal::vec_traits<T>::n;
    static_assert(n <= 3, "position attributes are uint, uint2 or uint3");
    if constexpr (n == 1)
        return (T)size.x;
    else {
        const uint32_t all[3] = {size.x, size.y, size.z};
        T result;
        for (int i = 0; i < n; ++i) result[i] = all[i];
        return result;
    }
}

#define MSL_POSITION(attribute, field)                                                                       \
    struct attribute {                                                                                       \
        template <class T> static T get(const msl_arguments *, const msl_thread *thread_) {                  \
            return position<T>(thread_->field);                                                              \
        }                                                                                                    \
        template <class T> static constexpr msl_parameter describe() {                                       \
            return {#attribute, 0, (int)sizeof(T), 0, 0};                                                    \
        }                                                                                                    \
    };
MSL_POSITION(thread_position_in_grid, in_grid)
MSL_POSITION(thread_position_in_threadgroup, in_group)
MSL_POSITION(threadgroup_position_in_grid, group)
MSL_POSITION(threads_per_threadgroup, threads_per_group)
MSL_POSITION(threads_per_grid, threads_per_grid)
MSL_POSITION(threadgroups_per_grid, groups_per_grid)
#undef MSL_POSITION

template <auto Function, class Signature, class... Attributes> struct entry_;
template <auto Function, class... Types, class... Attributes>
struct entry_<Function, void (*)(Types...), Attributes...> {
    static_assert(sizeof...(Types) == sizeof...(Attributes), "one attribute per kernel parameter");
    static void invoke(const msl_arguments *arguments, const msl_thread *thread_) {
        Function(Attributes::template get<Types>(arguments, thread_)...);
    }
    static constexpr msl_parameter parameters[] = {Attributes::template describe<Types>()...};
};
template <auto Function, class... Attributes>
using entry = entry_<Function, decltype(Function), Attributes...>;
} // namespace msl

#define MSL_ENTRY(name, barrier, ...)                                                                        \
    {#name, &msl::entry<&name, __VA_ARGS__>::invoke, msl::entry<&name, __VA_ARGS__>::parameters,             \
     (int)(sizeof(msl::entry<&name, __VA_ARGS__>::parameters) / sizeof(msl_parameter)), barrier}

// A library loaded by msl_load reaches the runtime's barrier through a hook, and shows its threadgroup
// memory.
#if defined(MSL_LIBRARY)
extern "C" {
#define MSL_EXPORT __attribute__((visibility("default")))
MSL_EXPORT void (*msl_barrier_hook)(void);
void msl_threadgroup_barrier(void) { msl_barrier_hook(); }
extern char __start_msl_tg[] __attribute__((weak, visibility("hidden")));
extern char __stop_msl_tg[] __attribute__((weak, visibility("hidden")));
MSL_EXPORT void msl_threadgroup_memory(char **start, char **stop) {
    *start = __start_msl_tg;
    *stop = __stop_msl_tg;
}
}
#endif
