// The repository's own files: sealed JSON, named by the hash of their bytes.

public import HikaeCore
import HikaeFormat
public import HikaeStore

extension Repository {
    /// Loads, checks and opens a file that is no pack. Throws `.damaged`, naming it, when the bytes are not what the
    /// name says.
    public func loadUnpacked(_ file: StoredFile) throws(HikaeError) -> [UInt8] {
        var bytes = try store.load(file)
        if let id = file.id, Digest.fileID(bytes) != id {
            // A second reading tells a bad transfer from a bad file.
            bytes = try store.load(file)
            guard Digest.fileID(bytes) == id else {
                throw HikaeError(.damaged, "\(file.description) does not have the bytes that its name promises")
            }
        }
        do throws(HikaeError) {
            let plaintext = try key.open(bytes)
            return file.kind == .config ? plaintext : try UnpackedFile.decode(plaintext)
        } catch {
            throw HikaeError(.damaged, "\(file.description) is damaged: \(error.message)")
        }
    }

    /// Seals and saves JSON as a file of this kind; durable when it returns.
    public func saveUnpacked(_ kind: FileKind, _ json: [UInt8]) throws(HikaeError) -> FileID {
        let compressor = Compressor(mode: options.compression == .off ? .auto : options.compression)
        let sealed = key.seal(UnpackedFile.encode(json, version: config.version, compressor: compressor))
        let id = Digest.fileID(sealed)
        changed(kind)
        try store.save(StoredFile(kind, id), sealed)
        return id
    }

    /// Removes one of the repository's files; one that is gone already is no error.
    public func removeFile(_ kind: FileKind, _ id: FileID) throws(HikaeError) {
        changed(kind)
        do throws(HikaeError) {
            try store.remove(StoredFile(kind, id))
        } catch {
            if error.code != .notFound { throw error }
        }
    }
}
