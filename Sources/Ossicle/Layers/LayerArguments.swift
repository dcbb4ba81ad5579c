/// A module's constructor arguments, under PyTorch's names. Every one must be known to the module.
struct LayerArguments {
    let module: String
    private let json: JSON
    private var unread: Set<String>

    init(module: String, json: JSON) throws {
        self.module = module
        self.json = JSON(json.value, path: module)
        unread = Set(try self.json.members().map(\.key))
    }

    private mutating func take(_ name: String) throws -> JSON? {
        unread.remove(name)
        return try json.optional(name)
    }

    /// Turns what JSON says into `invalidArgument`, since the caller wrote it, not a file.
    private func checked<T>(_ read: () throws -> T) throws -> T {
        do { return try read() } catch let error as OssicleError {
            throw OssicleError(.invalidArgument, error.message)
        }
    }

    mutating func int(
        _ name: String, default value: Int? = nil, in range: ClosedRange<Int> = -(1 << 30)...(1 << 30)
    ) throws -> Int {
        guard let field = try take(name) else {
            guard let value else {
                throw OssicleError(.invalidArgument, "\(module): the argument '\(name)' is missing")
            }
            return value
        }
        // PyTorch takes a number or a tuple of one for one-dimensional modules.
        return try checked {
            if case .numbers = field.value { return try field.ints(in: range, atMost: 1)[0] }
            return try field.int(in: range)
        }
    }

    mutating func optionalInt(_ name: String) throws -> Int? {
        if try json.optional(name) != nil { return try int(name) }
        unread.remove(name)
        return nil
    }

    mutating func ints(_ name: String) throws -> [Int] {
        guard let field = try take(name) else {
            throw OssicleError(.invalidArgument, "\(module): the argument '\(name)' is missing")
        }
        return try checked {
            if case .number = field.value { return [try field.int(in: -(1 << 30)...(1 << 30))] }
            return try field.ints(in: -(1 << 30)...(1 << 30), atMost: 8)
        }
    }

    mutating func float(_ name: String, default value: Float) throws -> Float {
        guard let field = try take(name) else { return value }
        return try checked { try field.float() }
    }

    mutating func optionalFloat(_ name: String) throws -> Float? {
        guard let field = try take(name) else { return nil }
        return try checked { try field.float() }
    }

    mutating func optionalDouble(_ name: String) throws -> Double? {
        guard let field = try take(name) else { return nil }
        return try checked { try field.double() }
    }

    mutating func bool(_ name: String, default value: Bool) throws -> Bool {
        guard let field = try take(name) else { return value }
        return try checked { try field.bool() }
    }

    mutating func string(_ name: String, default value: String) throws -> String {
        guard let field = try take(name) else { return value }
        return try checked { try field.string() }
    }

    /// A number of frames, or one of PyTorch's words.
    mutating func intOrString(_ name: String, default value: Int) throws -> (Int?, String?) {
        guard let field = try json.optional(name) else { return (try int(name, default: value), nil) }
        if case .string(let word) = field.value {
            unread.remove(name)
            return (nil, word)
        }
        return (try int(name), nil)
    }

    /// Accepts an argument only at the value that inference implies.
    mutating func ignore(_ names: String...) { for name in names { unread.remove(name) } }

    func finish() throws {
        if let name = unread.min() {
            throw OssicleError(.invalidArgument, "\(module): unknown argument '\(name)'")
        }
    }
}
