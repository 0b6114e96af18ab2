// Why a server's certificate is not believed, in words that tell a person whether to wait, to correct or to beware.

/// What is wrong with a certificate that a server showed.
public enum CertificateFlaw: Sendable, Equatable {
    /// It ended at this time.
    case expired(Timestamp)
    /// It begins at this time only, or the clock here is wrong.
    case notYetValid(Timestamp)
    /// It is good, but of another name than the server was asked for by.
    case otherName
    /// Nobody who is believed vouches for it.
    case unknownAuthority

    /// What the dates say, else what the name says, else the authority it must be.
    ///
    /// - Parameters:
    ///   - dates: when the certificate is valid; nil when that is not known.
    ///   - isOfName: whether it is for the name that the server was asked for by.
    public init(dates: ClosedRange<Timestamp>?, isOfName: Bool, now: Timestamp) {
        let (first, last) = (dates?.lowerBound ?? now, dates?.upperBound ?? now)
        self =
            now > last
            ? .expired(last) : now < first ? .notYetValid(first) : isOfName ? .unknownAuthority : .otherName
    }

    /// The time between two in seconds since 1970; nil when they make none.
    public static func dates(from first: Int64, to last: Int64) -> ClosedRange<Timestamp>? {
        first <= last ? Timestamp(seconds: first)...Timestamp(seconds: last) : nil
    }

    /// What is wrong, to follow "its certificate". Times are in UTC.
    ///
    /// - Parameter name: the name that the server was asked for by.
    public func words(name: String) -> String {
        switch self {
        case .expired(let time): "expired on \(Self.day(time))"
        case .notYetValid(let time): "is not valid before \(Self.day(time))"
        case .otherName: "is not for the name \(name)"
        case .unknownAuthority: "is not one that is trusted"
        }
    }

    /// What to do about it; nil when the fingerprint alone decides.
    public var advice: String? {
        switch self {
        case .expired: "Whoever runs the server has to renew it."
        case .notYetValid: "Is the clock of this machine right?"
        case .otherName: "Use the name that the certificate is for, or ask whoever runs the server."
        case .unknownAuthority: nil
        }
    }

    private static func day(_ time: Timestamp) -> String { String(time.rfc3339.prefix(10)) }
}
