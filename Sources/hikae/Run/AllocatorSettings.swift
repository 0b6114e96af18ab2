// The C library's allocator, told once how to treat large buffers.

#if canImport(Glibc)
    import CLinux
#endif

/// Settings of the process's memory allocator.
enum AllocatorSettings {
    /// Gives blocks of 4 MiB and more back to the system when they are freed.
    ///
    /// glibc otherwise learns from the first large block that such blocks belong into its arenas, one a thread, where
    /// pack buffers then stay for good: twice the memory for the same work. Call it before any thread is started.
    static func returnLargeBlocks() {
        #if canImport(Glibc)
            mallopt(M_MMAP_THRESHOLD, 4 << 20)
        #endif
    }
}
