#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A directory that appears whole or not at all: it is written beside its place and renamed into it.
struct CoreMLFileTree {
    let destination: String
    private let temporary: String

    private static func failure(_ path: String, _ what: String) -> OssicleError {
        OssicleError(.io, "\(path): cannot \(what): \(String(cString: strerror(errno)))")
    }

    /// Makes the temporary directory; `discard()` or `commit(replacing:)` must follow.
    init(destination: String) throws {
        self.destination = destination
        var template = Array("\(destination).XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw Self.failure(destination, "make a directory beside it")
        }
        temporary = String(cString: made)
        // mkdtemp makes it private to the user.
        guard chmod(temporary, 0o755) == 0 else {
            rmdir(temporary)
            throw Self.failure(temporary, "set permissions")
        }
    }

    /// Writes a file, making the directories on its way.
    func write(_ bytes: UnsafeRawBufferPointer, to relative: String) throws {
        var directory = temporary
        let parts = relative.split(separator: "/")
        for part in parts.dropLast() {
            directory += "/" + part
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
                throw Self.failure(directory, "make the directory")
            }
        }
        let path = temporary + "/" + relative
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path, "create") }
        var position = 0
        while position < bytes.count {
            let written = Self.write(descriptor, bytes.baseAddress! + position, bytes.count - position)
            guard written > 0 else {
                if written < 0, errno == EINTR { continue }
                let error = Self.failure(path, "write")
                close(descriptor)
                throw error
            }
            position += written
        }
        // A full disk may show only here.
        guard close(descriptor) == 0 else { throw Self.failure(path, "write") }
    }

    func write(_ bytes: [UInt8], to relative: String) throws {
        try bytes.withUnsafeBytes { try write($0, to: relative) }
    }

    /// Renames the directory into place.
    ///
    /// - Parameter replacing: an existing directory at the destination is moved aside first, put back if the rename
    ///   fails, and removed only after it succeeded.
    func commit(replacing: Bool) throws {
        guard replacing, access(destination, F_OK) == 0 else {
            guard rename(temporary, destination) == 0 else {
                throw Self.failure(destination, "rename into place")
            }
            return
        }
        let old = temporary + ".old"
        guard rename(destination, old) == 0 else { throw Self.failure(destination, "move the old one aside") }
        guard rename(temporary, destination) == 0 else {
            let error = Self.failure(destination, "rename into place")
            rename(old, destination)
            throw error
        }
        Self.remove(old)
    }

    func discard() { Self.remove(temporary) }

    private static func write(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, start, count)
        #else
            Darwin.write(descriptor, start, count)
        #endif
    }

    /// Removes a directory with what is in it; links are removed, not followed.
    private static func remove(_ path: String) {
        guard let directory = opendir(path) else {
            unlink(path)
            return
        }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            let child = path + "/" + name
            var status = stat()
            if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                remove(child)
            } else {
                unlink(child)
            }
        }
        closedir(directory)
        rmdir(path)
    }
}
