import Foundation
import Testing

@testable import Ossicle

@Suite struct WorkspaceTests {
    @Test func isZeroedAndLargeEnough() throws {
        for (count, isPaged) in [(0, false), (1000, false), (0, true), (Workspace.pageSize + 1, true)] {
            let workspace = try Workspace(byteCount: count, isPaged: isPaged)
            #expect(workspace.bytes.count >= max(count, 1))
            #expect(workspace.bytes.allSatisfy { $0 == 0 })
            #expect(Int(bitPattern: workspace.start) % 64 == 0)
            if isPaged {
                #expect(workspace.bytes.count % Workspace.pageSize == 0)
                #expect(Int(bitPattern: workspace.start) % Int(sysconf(Int32(_SC_PAGESIZE))) == 0)
            }
        }
    }

    /// Pages for a device are a region of their own: freed, they are gone, where a heap would keep them.
    @Test func pagesGoBackToTheSystem() throws {
        // Another thread may map the place at once, but hardly every time.
        let gone = try (0..<50).contains { _ in
            var workspace: Workspace? = try Workspace(byteCount: 1, isPaged: true)
            let start = workspace!.start
            workspace = nil
            return msync(start, Workspace.pageSize, MS_ASYNC) != 0 && errno == ENOMEM
        }
        #expect(gone)
    }
}
