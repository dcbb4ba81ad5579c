// MSL vector types and their constructors, over clang's ext_vector_type (same layout and swizzles).
#pragma once
namespace metal {
#define MSL_VECTORS(T)                                                                                       \
    typedef T T##2 __attribute__((ext_vector_type(2)));                                                      \
    typedef T T##3 __attribute__((ext_vector_type(3)));                                                      \
    typedef T T##4 __attribute__((ext_vector_type(4)));
MSL_VECTORS(float)
MSL_VECTORS(int)
MSL_VECTORS(uint)
#undef MSL_VECTORS
typedef float packed_float4 __attribute__((ext_vector_type(4), aligned(4)));

template <class T> struct vec_traits {
    static constexpr int n = 1;
    typedef T element;
};
#define MSL_TRAITS(T, N)                                                                                     \
    template <> struct vec_traits<T##N> {                                                                    \
        static constexpr int n = N;                                                                          \
        typedef T element;                                                                                   \
    };
MSL_TRAITS(float, 2)
MSL_TRAITS(float, 3)
MSL_TRAITS(float, 4)
MSL_TRAITS(int, 2)
MSL_TRAITS(int, 3)
MSL_TRAITS(int, 4)
MSL_TRAITS(uint, 2)
MSL_TRAITS(uint, 3)
MSL_TRAITS(uint, 4)
#undef MSL_TRAITS

template <class V> struct vec_fill {
    typedef typename vec_traits<V>::element E;
    V v;
    int i;
    template <class A> void add(A a) {
        if constexpr (vec_traits<A>::n == 1)
            v[i++] = (E)a;
        else
            for (int j = 0; j < vec_traits<A>::n; ++j) v[i++] = (E)a[j];
    }
};

// float4(x), float4(a, b, c, d), float4(v3, s) …; a wrong component count does not compile.
template <class V, class A> MSL_FN V make_vec(A a) {
    typedef typename vec_traits<V>::element E;
    V v;
    if constexpr (vec_traits<A>::n == 1)
        for (int i = 0; i < vec_traits<V>::n; ++i) v[i] = (E)a;
    else {
        static_assert(vec_traits<A>::n == vec_traits<V>::n, "component count");
        for (int i = 0; i < vec_traits<V>::n; ++i) v[i] = (E)a[i];
    }
    return v;
}
template <class V, class A, class B, class... R> MSL_FN V make_vec(A a, B b, R... r) {
    static_assert(vec_traits<A>::n + vec_traits<B>::n + (0 + ... + vec_traits<R>::n) == vec_traits<V>::n,
                  "component count");
    vec_fill<V> f;
    f.i = 0;
    f.add(a);
    f.add(b);
    (f.add(r), ...);
    return f.v;
}
} // namespace metal

// Function-like macros: `float4 v`, `float4*` and `<float4>` are untouched, `float4(…)` is a constructor
// call.
#define float2(...) metal::make_vec<metal::float2>(__VA_ARGS__)
#define float3(...) metal::make_vec<metal::float3>(__VA_ARGS__)
#define float4(...) metal::make_vec<metal::float4>(__VA_ARGS__)
#define uint2(...) metal::make_vec<metal::uint2>(__VA_ARGS__)
#define uint3(...) metal::make_vec<metal::uint3>(__VA_ARGS__)
