// What an administrator is told when a server cannot listen where it should.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeServer

@Suite struct ListenTests {
    @Test func aPortInUseIsNamed() throws {
        let rig = try ServerRig()
        let folder = try TemporaryDirectory()
        let listen = ListenAddress(host: "127.0.0.1", port: rig.port)
        let server = try VaultServer(VaultServerSettings(folder: folder.path("other"), listen: listen)) { _ in }
        let error = #expect(throws: HikaeError.self) { try server.start() }
        server.stop()
        #expect(error?.message == "another program listens on \(listen) already")
        #expect(error?.code == .inputOutput && error?.hint != nil)
    }

    @Test func anAddressOfAnotherMachineIsNamed() throws {
        let folder = try TemporaryDirectory()
        // Kept for documentation: no machine has it.
        let listen = ListenAddress(host: "192.0.2.1", port: 0)
        var settings = VaultServerSettings(folder: folder.path("vault"), listen: listen)
        settings.allowsPlainHTTP = true
        let server = try VaultServer(settings) { _ in }
        let error = #expect(throws: HikaeError.self) { try server.start() }
        server.stop()
        #expect(error?.message.contains("192.0.2.1:0 is no address of this machine") == true)
    }
}
