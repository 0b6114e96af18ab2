// swift-tools-version: 6.1
import PackageDescription

/// Settings every target shares: strict imports, and warnings as errors in our own code.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-warnings-as-errors"]),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func target(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "hikae",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "hikae", targets: ["hikae"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    ],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(name: "CLinux"),
        target("HikaeCore", []),
        target("HikaeChunker", ["HikaeCore", crypto]),
        target("HikaeFormat", ["HikaeCore", "CZstd", crypto, cryptoExtras]),
        target("HikaeStore", ["HikaeCore", crypto]),
        target("HikaeRepository", ["HikaeCore", "HikaeFormat", "HikaeStore", "HikaeChunker", crypto]),
        target("HikaeSource", ["HikaeCore", "HikaeFormat", "CLinux"]),
        target("HikaeArchive", ["HikaeCore", "HikaeFormat", "HikaeChunker", "HikaeRepository", "HikaeSource", crypto]),
        target("HikaeDestination", ["HikaeCore", "HikaeFormat", "HikaeRepository", "HikaeSource", "CLinux"]),
        .executableTarget(
            name: "hikae",
            dependencies: [
                "HikaeCore", "HikaeFormat", "HikaeStore", "HikaeRepository", "HikaeSource", "HikaeArchive",
                "HikaeDestination", "CLinux", argumentParser,
            ], swiftSettings: strict),
        .executableTarget(
            name: "IndexScale", dependencies: ["HikaeCore", "HikaeFormat", "HikaeStore", "HikaeRepository"],
            path: "Benchmarks/IndexScale", swiftSettings: strict),
        target("HikaeTesting", ["HikaeCore", "HikaeStore", crypto]),
        tests("HikaeCoreTests", ["HikaeCore", "HikaeTesting"]),
        tests("HikaeChunkerTests", ["HikaeChunker", "HikaeTesting"]),
        tests("HikaeFormatTests", ["HikaeFormat", "HikaeTesting", crypto]),
        tests("HikaeStoreTests", ["HikaeStore", "HikaeTesting"]),
        tests("HikaeRepositoryTests", ["HikaeRepository", "HikaeArchive", "HikaeDestination", "HikaeTesting"]),
        tests("HikaeSourceTests", ["HikaeSource", "HikaeTesting"]),
        tests("HikaeDestinationTests", ["HikaeDestination", "HikaeArchive", "HikaeTesting"]),
        tests("HikaeInteropTests", ["HikaeTesting"]),
        tests("HikaeCommandTests", ["HikaeTesting"]),
    ]
)
