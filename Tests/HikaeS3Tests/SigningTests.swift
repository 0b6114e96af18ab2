import HikaeCore
import HikaeHTTP
import HikaeTesting
import Testing

@testable import HikaeS3

/// Signatures: AWS's published examples, and botocore's signer on random requests.
struct SigningTests {
    private static let example = S3Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    private static let time = CivilDate(year: 2013, month: 5, day: 24).secondsSince1970

    private func signature(
        _ method: String, _ path: String, query: [WireField] = [], headers: [WireField] = [], body: String = ""
    ) -> String {
        let signer = RequestSigner(credentials: Self.example, region: "us-east-1")
        let host = WireField("host", "examplebucket.s3.amazonaws.com")
        let signed = signer.sign(
            method: method, path: path, query: query, headers: [host] + headers, payload: .bytes(Array(body.utf8)),
            time: Timestamp(seconds: Self.time))
        let text = signed.last { $0.name == "authorization" }?.value ?? ""
        return String(text.split(separator: "Signature=").last ?? "")
    }

    // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

    @Test func `Amazon's example of a GET with a range`() {
        #expect(
            signature("GET", "/test.txt", headers: [WireField("range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func `Amazon's example of a PUT`() {
        let headers = [
            WireField("date", "Fri, 24 May 2013 00:00:00 GMT"), WireField("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ]
        #expect(
            signature("PUT", "/test%24file.text", headers: headers, body: "Welcome to Amazon S3.")
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func `Amazon's example of a query without a value`() {
        #expect(
            signature("GET", "/", query: [WireField("lifecycle", "")])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test func `Amazon's example of a list`() {
        #expect(
            signature("GET", "/", query: [WireField("max-keys", "2"), WireField("prefix", "J")])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    // The suite "aws-sig-v4-test-suite", where the service is none that hashes its bodies into a header.

    @Test func `Amazon's test suite, with and without a session's token`() {
        let credentials = S3Credentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
        let signer = RequestSigner(
            credentials: credentials, region: "us-east-1", service: "service", tellsPayload: false)
        let time = CivilDate(year: 2015, month: 8, day: 30, hour: 12, minute: 36).secondsSince1970
        func sign(_ method: String, _ query: [WireField], _ more: [WireField] = []) -> String {
            let signed = signer.sign(
                method: method, path: "/", query: query, headers: [WireField("host", "example.amazonaws.com")] + more,
                payload: .bytes([]), time: Timestamp(seconds: time))
            return String((signed.last?.value ?? "").split(separator: "Signature=").last ?? "")
        }
        // get-vanilla
        #expect(sign("GET", []) == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
        // post-vanilla
        #expect(sign("POST", []) == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
        // get-vanilla-query-order-key-case
        #expect(
            sign("GET", [WireField("Param2", "value2"), WireField("Param1", "value1")])
                == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
    }

    @Test func `random requests are signed as botocore signs them`() throws {
        var random = SeededGenerator()
        var cases: [String] = []
        var ours: [String] = []
        let signs = Array("abzAZ09-._~ /+%?&=#'()*!$,;:@日本語é\u{1F600}")
        func text(_ length: Int) -> String {
            String((0..<length).map { _ in signs[Int.random(in: 0..<signs.count, using: &random)] })
        }
        for number in 0..<200 {
            let key = text(Int.random(in: 1...40, using: &random))
            let method = ["GET", "PUT", "DELETE", "HEAD", "POST"][number % 5]
            let query = (0..<Int.random(in: 0...4, using: &random)).map { WireField("\(text(4))q\($0)", text(6)) }
            let value = " \(text(5).filter(\.isASCII))   \(text(5).filter(\.isASCII)) "
            let token = number.isMultiple(of: 3) ? "token+/\(number)==" : nil
            let region = ["us-east-1", "ap-northeast-1", "eu-west-3"][number % 3]
            var settings = S3Settings(endpoint: "http://127.0.0.1:9000", region: region, bucket: "bucket")
            settings.pathStyle = true
            let address = try S3Address(settings)
            let signer = RequestSigner(
                credentials: S3Credentials(
                    accessKeyID: "AKID", secretAccessKey: Secret("secret/\(number)+="),
                    sessionToken: token.map { Secret($0) }), region: region)
            let body = random.bytes(number)
            let signed = signer.sign(
                method: method, path: address.path(Array(key.utf8)), query: query,
                headers: [WireField("host", address.hostHeader), WireField("x-amz-meta-A", value)],
                payload: number.isMultiple(of: 7) ? .unsigned : .bytes(body),
                time: Timestamp(seconds: 1_340_000_000 + Int64(number) * 86_400))
            let headers = signed.filter { $0.name != "authorization" }
            ours.append(signed.last { $0.name == "authorization" }?.value ?? "")
            let url = address.url(Array(key.utf8), query)
            let fields = headers.map { "\(Self.json($0.name)): \(Self.json($0.value))" }.joined(separator: ", ")
            cases.append("[\(Self.json(method)), \(Self.json(url)), {\(fields)}, \(number), \(Self.json(region))]")
        }
        let script = """
            import json, sys
            from botocore.auth import S3SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
            for method, url, headers, number, region in json.load(sys.stdin):
                request = AWSRequest(method=method, url=url, headers=headers)
                request.context["timestamp"] = headers["x-amz-date"]
                signer = S3SigV4Auth(Credentials("AKID", f"secret/{number}+="), "s3", region)
                canonical = signer.canonical_request(request)
                signature = signer.signature(signer.string_to_sign(request, canonical), request)
                signed = signer.signed_headers(signer.headers_to_sign(request))
                scope = signer.scope(request)
                print(f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature={signature}")
            """
        var command = Command("python3", ["-c", script])
        command.input = Array("[\(cases.joined(separator: ","))]".utf8)
        let theirs = try command.succeed().text.split(separator: "\n").map(String.init)
        #expect(theirs.count == 200)
        for (mine, botocore) in zip(ours, theirs) { #expect(mine == botocore) }
    }

    private static func json(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
