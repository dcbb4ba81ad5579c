// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "stream-wav",
    platforms: [.macOS("13.3")],
    // In your own project: .package(url: "…", from: "0.1.0")
    dependencies: [.package(name: "Ossicle", path: "../..")],
    targets: [
        .executableTarget(name: "stream-wav", dependencies: [.product(name: "Ossicle", package: "Ossicle")])
    ],
    swiftLanguageModes: [.v6]
)
