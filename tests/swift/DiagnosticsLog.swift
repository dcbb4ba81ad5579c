import Foundation

@testable import Ossicle

/// Messages that come while a body runs. Others wait for their turn; what tests beside this one report may be among them.
enum DiagnosticsLog {
    private static let turn = NSRecursiveLock()

    private final class Lines: @unchecked Sendable {
        private let lock = NSLock()
        private var lines: [String] = []
        func add(_ line: String) { lock.withLock { lines.append(line) } }
        var text: String { lock.withLock { lines.joined(separator: "\n") } }
    }

    static func messages(_ body: () throws -> Void) rethrows -> String {
        try turn.withLock {
            let lines = Lines()
            Diagnostics.setHandler { lines.add($0) }
            defer { Diagnostics.setHandler(nil) }
            try body()
            return lines.text
        }
    }
}
