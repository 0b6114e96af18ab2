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
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func target(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// What every kind of source and destination builds on.
let kind: [Target.Dependency] = ["HikaeCore", "HikaeFormat", "HikaeRepository", "HikaeSource", "HikaeDestination"]

let package = Package(
    name: "hikae",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "hikae", targets: ["hikae"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .systemLibrary(name: "CIsal", pkgConfig: "libisal", providers: [.apt(["libisal-dev"]), .brew(["isa-l"])]),
        .systemLibrary(name: "CLinux"),
        target("HikaeCore", ["CLinux"]),
        target("HikaeChunker", ["HikaeCore", crypto]),
        target("HikaeFormat", ["HikaeCore", "CZstd", crypto, cryptoExtras]),
        target("HikaeStore", ["HikaeCore", crypto]),
        target("HikaeRepository", ["HikaeCore", "HikaeFormat", "HikaeStore", "HikaeChunker", crypto]),
        target("HikaeSource", ["HikaeCore", "HikaeFormat", "CLinux"]),
        target("HikaeArchive", ["HikaeCore", "HikaeFormat", "HikaeChunker", "HikaeRepository", "HikaeSource", crypto]),
        target(
            "HikaeDestination",
            ["HikaeCore", "HikaeFormat", "HikaeStore", "HikaeRepository", "HikaeSource", "CLinux"]),
        target("HikaePlan", ["HikaeCore", "HikaeFormat", yaml]),
        target("HikaeSFTP", kind),
        target("HikaeFTP", kind + ["CCurl"]),
        target("HikaeMail", kind + [nioCore, nioPosix, nioSSL, nioTLS]),
        target("HikaeDatabase", kind + [sqlite]),
        target("HikaeHTTP", ["HikaeCore", crypto, httpClient, nioCore, nioPosix, nioHTTP1, nioSSL]),
        target("HikaeS3", kind + ["HikaeHTTP", crypto, nioCore]),
        target(
            "HikaeRemote",
            [
                "HikaeCore", "HikaeFormat", "HikaeStore", "HikaeHTTP", "HikaeS3", "HikaeSFTP", "HikaeSource", crypto,
                nioCore, nioPosix, nioHTTP1, nioHTTP2,
            ]),
        target("HikaeParity", ["HikaeCore", "HikaeFormat", "HikaeStore", "HikaeRepository", "CIsal", crypto]),
        target("HikaeAgreement", ["HikaeCore", "HikaeFormat", "HikaeStore", crypto]),
        target(
            "HikaeServer",
            [
                "HikaeCore", "HikaeFormat", "HikaeStore", "HikaeAgreement", "CLinux", crypto, cryptoExtras, hummingbird,
                nioCore, nioPosix, nioHTTP1, nioSSL,
            ]),
        target("HikaeGuard", ["HikaeCore", "HikaeFormat", "HikaeRepository", "HikaeSource"]),
        target(
            "HikaeOperations",
            kind + [
                "HikaeStore", "HikaeArchive", "HikaePlan", "HikaeGuard", "HikaeSFTP", "HikaeFTP", "HikaeMail",
                "HikaeDatabase", "HikaeS3", "HikaeRemote", "HikaeParity", "HikaeAgreement", "HikaeHTTP",
            ]),
        .executableTarget(
            name: "hikae",
            dependencies: [
                "HikaeCore", "HikaeFormat", "HikaeStore", "HikaeRepository", "HikaeSource", "HikaeArchive",
                "HikaeDestination", "HikaePlan", "HikaeMail", "HikaeDatabase", "HikaeGuard", "HikaeOperations",
                "HikaeRemote", "HikaeParity", "HikaeAgreement", "HikaeServer", "CLinux", argumentParser,
            ], swiftSettings: strict),
        .executableTarget(
            name: "IndexScale", dependencies: ["HikaeCore", "HikaeFormat", "HikaeStore", "HikaeRepository"],
            path: "Benchmarks/IndexScale", swiftSettings: strict),
        target(
            "HikaeTesting",
            [
                "HikaeCore", "HikaeFormat", "HikaeStore", "HikaeRepository", "HikaeSource", "HikaeArchive",
                "HikaeDestination", crypto,
            ]),
        tests("HikaeCoreTests", ["HikaeCore", "HikaeTesting"]),
        tests("HikaeChunkerTests", ["HikaeChunker", "HikaeTesting"]),
        tests("HikaeFormatTests", ["HikaeFormat", "HikaeTesting", crypto]),
        tests("HikaeStoreTests", ["HikaeStore", "HikaeTesting"]),
        tests("HikaeRepositoryTests", ["HikaeRepository", "HikaeArchive", "HikaeDestination", "HikaeTesting"]),
        tests("HikaeSourceTests", ["HikaeSource", "HikaeTesting"]),
        tests("HikaeDestinationTests", ["HikaeDestination", "HikaeArchive", "HikaeTesting"]),
        tests("HikaePlanTests", ["HikaePlan", "HikaeTesting"]),
        tests("HikaeSFTPTests", ["HikaeSFTP", "HikaeTesting"]),
        tests("HikaeFTPTests", ["HikaeFTP", "HikaeTesting"]),
        tests("HikaeMailTests", ["HikaeMail", "HikaeTesting"]),
        tests("HikaeDatabaseTests", ["HikaeDatabase", "HikaeTesting"]),
        tests("HikaeS3Tests", ["HikaeS3", "HikaeHTTP", "HikaeTesting"]),
        tests(
            "HikaeRemoteTests",
            [
                "HikaeRemote", "HikaeHTTP", "HikaeStore", "HikaeRepository", "HikaeArchive", "HikaeDestination",
                "HikaeTesting",
            ]
        ),
        tests("HikaeParityTests", ["HikaeParity", "HikaeArchive", "HikaeTesting"]),
        tests("HikaeAgreementTests", ["HikaeAgreement", "HikaeStore", "HikaeTesting", crypto]),
        tests(
            "HikaeServerTests",
            ["HikaeServer", "HikaeAgreement", "HikaeOperations", "HikaeStore", "HikaeTesting", crypto]),
        tests("HikaeGuardTests", ["HikaeGuard", "HikaeTesting"]),
        tests("HikaeOperationsTests", ["HikaeOperations", "HikaeTesting"]),
        tests("HikaeScenarioTests", ["HikaeTesting"]),
        tests("HikaeInteropTests", ["HikaeTesting"]),
        tests("HikaeCommandTests", ["HikaeTesting"]),
    ]
)
