#if os(Linux)
    import Glibc

    /// A plain thread that waits on files and a timer until it is told to end.
    final class PressureThread: @unchecked Sendable {
        private var thread: pthread_t?
        /// Closing it is what ends the thread.
        private var signal: Int32 = -1

        /// Runs `body` on a new thread. It has to return once `wake` can be read.
        ///
        /// - Throws: `internal` when the system has no thread left.
        func start(_ body: @escaping @Sendable (_ wake: Int32) -> Void) throws {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else {
                throw OssicleError(.internal, "no pipe: \(String(cString: strerror(errno)))")
            }
            // A child process that kept an end would keep the thread alive.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            let context = Unmanaged.passRetained(Context(body, wake: ends[0]))
            var created = pthread_t()
            let status = pthread_create(
                &created, nil,
                { pointer in
                    let context = Unmanaged<Context>.fromOpaque(pointer!).takeRetainedValue()
                    context.body(context.wake)
                    close(context.wake)
                    return nil
                }, context.toOpaque())
            guard status == 0 else {
                context.release()
                for end in ends { close(end) }
                throw OssicleError(.internal, "no thread: \(String(cString: strerror(status)))")
            }
            (thread, signal) = (created, ends[1])
        }

        /// Returns when the thread has ended; at once when called on the thread itself.
        func stop() {
            guard let thread else { return }
            self.thread = nil
            close(signal)
            if pthread_equal(thread, pthread_self()) != 0 { pthread_detach(thread) } else { pthread_join(thread, nil) }
        }

        deinit { stop() }

        /// Waits for any of `files` (each with what to wait for), the end, or the timeout.
        ///
        /// - Returns: what happened to each file; nil when the thread is to end.
        static func wait(_ files: [(file: Int32, events: Int32)], wake: Int32, milliseconds: Int) -> [Int32]? {
            var all = files.map { pollfd(fd: $0.file, events: Int16($0.events), revents: 0) }
            all.append(pollfd(fd: wake, events: Int16(POLLIN), revents: 0))
            let count = poll(&all, nfds_t(all.count), Int32(milliseconds))
            if count < 0 { return errno == EINTR ? files.map { _ in 0 } : nil }
            return all[files.count].revents == 0 ? all.dropLast().map { Int32($0.revents) } : nil
        }

        private final class Context: Sendable {
            let body: @Sendable (Int32) -> Void
            let wake: Int32
            init(_ body: @escaping @Sendable (Int32) -> Void, wake: Int32) {
                self.body = body
                self.wake = wake
            }
        }
    }
#endif
