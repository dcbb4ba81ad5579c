// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Ossicle",
    platforms: [.macOS(.v13), .iOS(.v16)],
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
        .target(name: "Ossicle", dependencies: ["CKernels"]),
        .target(name: "OssicleC", dependencies: ["Ossicle", "COssicle", "CKernels"]),
        .testTarget(name: "OssicleTests", dependencies: ["Ossicle", "CKernels"], path: "tests/swift"),
    ],
    swiftLanguageModes: [.v6]
)
