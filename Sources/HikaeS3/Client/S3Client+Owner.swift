// Who owns a bucket: what tells two accounts apart when names and addresses do not.

package import HikaeCore
import HikaeHTTP

extension S3Client {
    /// The canonical ID of the bucket's owner; nil when the server names none. Throws `.accessDenied` where it may not
    /// be asked.
    package func bucketOwner() throws(HikaeError) -> String? {
        let request = S3Request(method: "GET", query: [WireField("acl", "")], action: "ask for the owner")
        let document = try XMLElement(parsing: try send(request).body, from: address.display)
        return document["Owner"]?.text("ID").flatMap { $0.isEmpty ? nil : $0 }
    }
}
