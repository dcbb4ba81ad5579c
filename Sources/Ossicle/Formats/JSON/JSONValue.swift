/// A parsed JSON document (RFC 8259).
///
/// An array of nothing but numbers is kept as `numbers`: 8 bytes each, so that a model of weights written as
/// text takes no more memory than its file. An empty array is `array([])`.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case numbers([Double])
    case object(JSONObject)

    /// What the value is, for "expected …, found …" messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): "the number \(value)"
        case .string(let value): "the string \(Quoting.quoted(value))"
        case .array(let values): "an array of \(values.count)"
        case .numbers(let values): "an array of \(values.count)"
        case .object(let object): "an object of \(object.members.count)"
        }
    }
}

/// The members of a JSON object in file order, with unique keys.
struct JSONObject: Sendable {
    private(set) var members: [(key: String, value: JSONValue)] = []
    /// Filled from the ninth member on: below that a linear search is quicker and smaller.
    private var index: [ByteName: Int] = [:]
    private static let linearLimit = 8

    subscript(key: String) -> JSONValue? { position(of: key).map { members[$0].value } }

    /// Appends a member; false when the key is there already.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        members.append((key, value))
        if members.count == Self.linearLimit + 1 {
            for (position, member) in members.enumerated() { index[ByteName(member.key)] = position }
        } else if members.count > Self.linearLimit {
            index[ByteName(key)] = members.count - 1
        }
        return true
    }

    private func position(of key: String) -> Int? {
        if members.count > Self.linearLimit { return index[ByteName(key)] }
        return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }
}
