import HikaeCore
import HikaeRemote
import HikaeStore
import Testing

/// What people write behind --repo for a REST server or rclone.
@Suite struct RESTLocationTests {
    @Test(arguments: [
        ("rest:https://backup.example.jp/", "rest:https://backup.example.jp/"),
        ("rest:https://backup.example.jp", "rest:https://backup.example.jp/"),
        ("rest:http://user:geheim@host:8000/shop", "rest:http://user@host:8000/shop/"),
        ("rest:https://sato%40example.jp:ge%20heim@host:443/a/b/", "rest:https://sato%40example.jp@host/a/b/"),
        ("rest:http://[::1]:8000/x", "rest:http://[::1]:8000/x/"),
        ("REST:HTTP://host/%E6%A1%9C", "rest:http://host/%E6%A1%9C/"),
    ])
    func `is shown without its password`(text: String, shown: String) throws {
        #expect(try RESTLocation(text).shown == shown)
        #expect(RemoteLocation.isRemote(text))
    }

    @Test(arguments: [
        "rest:", "rest:host", "rest:ftp://geheim@host/", "rest:http://", "rest:http://geheim@/x", "rest:http://h:0/",
        "rest:http://h:99999/", "rest:http://u:geheim@h/../x", "rest:http://u:geheim@h/%2e%2e/",
        "rest:http://h/a?geheim",
        "rest:http://-oProxy=geheim/x", "rest:http://a:%zz@geheim/", "rest:http://a b/geheim",
    ])
    func `that makes no sense is a mistake, and is not repeated`(text: String) throws {
        let error = try #require(try refusal { _ = try RESTLocation(text) })
        #expect(error.code == .usage)
        #expect(!error.description.contains("geheim"))
    }

    @Test func `of rclone hides what is configured on the spot`() throws {
        #expect(try RESTStore.rclone("rclone:cloud:a/b", RemoteOptions()).location == "rclone:cloud:a/b")
        let store = try RESTStore.rclone("rclone::ftp,host=h,pass=geheim:x", RemoteOptions())
        #expect(!store.location.contains("geheim"))
        #expect(try refusal { _ = try RESTStore.rclone("rclone:--config=x", RemoteOptions()) }?.code == .usage)
    }

    @Test func `has options as restic names them`() throws {
        var options = RemoteOptions.environment { name in
            ["RESTIC_REST_USERNAME": "a", "HIKAE_REST_USERNAME": "b", "AWS_REGION": "ap-northeast-1"][name]
        }
        #expect(options.user == "b")
        #expect(options.region == "ap-northeast-1")
        try options.set("sftp.args=-p 2222 -i '/my keys/id' -oStrictHostKeyChecking=yes")
        #expect(options.sshOptions == ["Port=2222", "StrictHostKeyChecking=yes"])
        #expect(options.identityFile == "/my keys/id")
        try options.set("s3.object-lock=compliance:30")
        #expect(options.objectLock == ObjectLockSettings(mode: .compliance, days: 30))
        try options.set("rest.connections=9")
        #expect(options.connections == 9)
        for wrong in ["x.y=1", "rest.connections=0", "s3.object-lock=iron:3", "sftp.args=-W x", "novalue"] {
            var options = options
            #expect(try refusal { try options.set(wrong) } != nil, "\(wrong)")
        }
    }
}
