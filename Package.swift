// swift-tools-version: 6.3
import PackageDescription

// On Linux, OSSICLE_APPLE_STUBS=1 adds stand-ins for Apple's modules, so that `#if canImport(Metal)` code is
// type-checked and run there (docs/apple.md). Use a build folder of its own: --scratch-path .build-stubs
#if os(Linux)
    let stubs = Context.environment["OSSICLE_APPLE_STUBS"] == "1"
    let isApple = stubs
#else
    let stubs = false
    let isApple = true
#endif

let stubModules: [Target.Dependency] =
    stubs ? ["Metal", "MetalPerformanceShaders", "Accelerate", "DispatchPressure"] : []
let appleModules: [Target.Dependency] = stubModules + (isApple ? ["CAccelerate"] : [])
let appleTargets: [Target] =
    !isApple
    ? []
    : [
        .target(
            name: "CAccelerate", dependencies: ["CKernels"] + (stubs ? ["Accelerate"] : []),
            cSettings: [.define("ACCELERATE_NEW_LAPACK")],
            linkerSettings: stubs ? [] : [.linkedFramework("Accelerate")])
    ]
let stubTargets: [Target] =
    !stubs
    ? []
    : [
        .target(name: "CMSLRuntime", path: "tests/apple/runtime"),
        .target(name: "Metal", dependencies: ["CMSLRuntime"], path: "tests/apple/Stubs/Metal"),
        .target(
            name: "MetalPerformanceShaders", dependencies: ["Metal"],
            path: "tests/apple/Stubs/MetalPerformanceShaders"),
        .target(
            name: "Accelerate", path: "tests/apple/Stubs/Accelerate", linkerSettings: [.linkedLibrary("m")]),
        .target(name: "DispatchPressure", path: "tests/apple/Stubs/DispatchPressure"),
    ]

// Metal's compiler reads the shaders at run time, from inside the library: a resource bundle can be missing, and its
// accessor needs Foundation.
let shaders = "Backends/Metal/Shaders"
let shaderFiles = ["ossicle_metal.h", "conv1d.metal", "conv_transpose1d.metal", "elementwise.metal"]

let package = Package(
    name: "Ossicle",
    // Where BLAS has the interface that CAccelerate calls.
    platforms: [.macOS("13.3"), .iOS("16.4")],
    products: [
        .library(name: "Ossicle", targets: ["Ossicle"]),
        .library(name: "ossicle", type: .dynamic, targets: ["OssicleC"]),
    ],
    targets: [
        .target(
            name: "CKernels",
            exclude: ["kernels"],
            cSettings: [.headerSearchPath(".")],
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]
        ),
        .target(name: "COssicle", dependencies: ["CKernels"]),
        .target(
            name: "Ossicle",
            dependencies: ["CKernels"] + appleModules,
            exclude: isApple ? [] : [shaders],
            resources: isApple ? shaderFiles.map { .embedInCode("\(shaders)/\($0)") } : []
        ),
        .target(name: "OssicleC", dependencies: ["Ossicle", "COssicle", "CKernels"]),
        .testTarget(
            name: "OssicleTests", dependencies: ["Ossicle", "CKernels"] + appleModules, path: "tests/swift",
            swiftSettings: stubs ? [.define("OSSICLE_APPLE_STUBS")] : []),
    ] + appleTargets + stubTargets,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
