// What people write behind --repo.

import HikaeCore
import HikaeStore
import Testing

@Suite("A store location")
struct StoreLocationTests {
    @Test(
        "is a folder when it looks like one",
        arguments: [
            ("/srv/repository", "/srv/repository"), ("local:/srv/repository", "/srv/repository"),
            ("local:relative", "relative"), ("relative/re:po", "relative/re:po"), ("./s3:thing", "./s3:thing"),
            ("LOCAL:/x", "/x"), ("repository", "repository"), (":x", ":x"),
        ])
    func paths(_ text: String, _ path: String) throws {
        let store = try StoreLocation.open(text)
        #expect(store is LocalStore)
        #expect(store.location == path)
    }

    @Test(
        "of another kind is named as not supported, without its secrets",
        arguments: [
            "sftp:user:geheim@host:/x", "s3:https://geheim@host/bucket", "rest:https://me:geheim@host/",
            "rclone:geheim:x",
            "b2:geheim:x", "azure:geheim:/", "gs:geheim:/", "swift:geheim:/", "foo:geheim",
        ])
    func others(_ text: String) {
        do throws(HikaeError) {
            _ = try StoreLocation.open(text)
            Issue.record("\(text) was opened")
        } catch {
            #expect(error.code == .unsupported)
            #expect(error.message.contains("\"\(text.prefix { $0 != ":" }):\""))
            #expect(!error.description.contains("geheim"))
        }
    }

    @Test("that is empty is a mistake", arguments: ["", "local:", "a\0b"])
    func empty(_ text: String) {
        #expect(code { () throws(HikaeError) in try StoreLocation.open(text) } == .usage)
    }
}
