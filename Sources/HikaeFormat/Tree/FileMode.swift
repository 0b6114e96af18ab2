// Go's os.FileMode, which restic's trees hold, and the system's st_mode.

/// Conversions between Go's file mode bits and the system's.
public enum FileMode {
    /// Go's `ModeDir`.
    public static let directory: UInt32 = 1 << 31
    /// Go's `ModeSymlink`.
    public static let symlink: UInt32 = 1 << 27
    /// Go's `ModeDevice`.
    public static let device: UInt32 = 1 << 26
    /// Go's `ModeNamedPipe`.
    public static let namedPipe: UInt32 = 1 << 25
    /// Go's `ModeSocket`.
    public static let socket: UInt32 = 1 << 24
    /// Go's `ModeSetuid`.
    public static let setuid: UInt32 = 1 << 23
    /// Go's `ModeSetgid`.
    public static let setgid: UInt32 = 1 << 22
    /// Go's `ModeCharDevice`, always beside `ModeDevice`.
    public static let characterDevice: UInt32 = 1 << 21
    /// Go's `ModeSticky`.
    public static let sticky: UInt32 = 1 << 20
    /// Go's `ModeIrregular`.
    public static let irregular: UInt32 = 1 << 19
    /// The nine permission bits, the same in both.
    public static let permissions: UInt32 = 0o777

    // The system's numbers are the same on Linux and macOS.
    private static let systemType: UInt32 = 0o170000

    /// Go's mode for a `st_mode`.
    public static func fromSystem(_ mode: UInt32) -> UInt32 {
        var result = mode & permissions
        switch mode & systemType {
        case 0o040000: result |= directory
        case 0o120000: result |= symlink
        case 0o060000: result |= device
        case 0o020000: result |= device | characterDevice
        case 0o010000: result |= namedPipe
        case 0o140000: result |= socket
        case 0o100000: break
        default: result |= irregular
        }
        if mode & 0o4000 != 0 { result |= setuid }
        if mode & 0o2000 != 0 { result |= setgid }
        if mode & 0o1000 != 0 { result |= sticky }
        return result
    }

    /// The `st_mode` for Go's mode. The type bits are those of a regular file unless the mode says otherwise.
    public static func toSystem(_ mode: UInt32) -> UInt32 {
        let type: UInt32 =
            if mode & directory != 0 {
                0o040000
            } else if mode & symlink != 0 {
                0o120000
            } else if mode & characterDevice != 0 {
                0o020000
            } else if mode & device != 0 {
                0o060000
            } else if mode & namedPipe != 0 {
                0o010000
            } else if mode & socket != 0 {
                0o140000
            } else {
                0o100000
            }
        return type | toSystemPermissions(mode)
    }

    /// The twelve bits that `chmod` takes.
    public static func toSystemPermissions(_ mode: UInt32) -> UInt32 {
        var result = mode & permissions
        if mode & setuid != 0 { result |= 0o4000 }
        if mode & setgid != 0 { result |= 0o2000 }
        if mode & sticky != 0 { result |= 0o1000 }
        return result
    }

    /// What a node of this mode is, as restic tells it; nil for what no node can be.
    public static func kind(_ mode: UInt32) -> NodeKind? {
        switch mode & (directory | symlink | device | namedPipe | socket | characterDevice | irregular) {
        case 0: .file
        case directory: .dir
        case symlink: .symlink
        case device | characterDevice: .chardev
        case device: .dev
        case namedPipe: .fifo
        case socket: .socket
        case irregular: .irregular
        default: nil
        }
    }
}
