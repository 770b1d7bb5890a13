// swift-tools-version: 6.0
import PackageDescription

// EidFFI    the C face of the core, with our own module map
// EidCore   Swift made from the core by `cargo xtask bindings`; in Swift 5 mode, because what UniFFI 0.32 makes for
//           asynchronous foreign traits does not hold in Swift 6
// EidKit    ours: what a shell uses, and the phone's powers as the core wants them
//
// On Linux, where the tests run, EidFFI is a header beside libeid_ffi.so; for iPhones it is EidFFI.xcframework, which
// `cargo xtask ios` makes.

#if os(Linux)
    let border: [Target] = [
        .target(name: "EidFFI", linkerSettings: [.linkedLibrary("eid_ffi")]),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),
        .testTarget(name: "EidJourneyTests", dependencies: ["EidKit", "COpenSSL"]),
    ]
#else
    let border: [Target] = [.binaryTarget(name: "EidFFI", path: "EidFFI.xcframework")]
#endif

let package = Package(
    name: "EidKit",
    platforms: [.iOS(.v17)],
    products: [.library(name: "EidKit", targets: ["EidKit"])],
    targets: border + [
        .target(name: "EidCore", dependencies: ["EidFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
        .target(name: "EidKit", dependencies: ["EidCore"]),
        .testTarget(name: "EidKitTests", dependencies: ["EidKit"]),
    ],
    swiftLanguageModes: [.v6]
)
