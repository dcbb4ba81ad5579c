/// A JSON document to be written.
indirect enum JSONText {
    case string(String)
    case number(Int)
    /// Finite: JSON has no others.
    case decimal(Double)
    case bool(Bool)
    case array([JSONText])
    case object([(String, JSONText)])

    /// Indented as Apple's tools do: two spaces a level, ` : ` between key and value.
    func printed(_ indent: String = "") -> String {
        let inner = indent + "  "
        func lines(_ open: String, _ items: [String], _ close: String) -> String {
            items.isEmpty
                ? open + "\n\n" + indent + close
                : open + "\n" + items.map { inner + $0 }.joined(separator: ",\n") + "\n" + indent + close
        }
        switch self {
        case .string(let text): return Quoting.json(text)
        case .number(let number): return "\(number)"
        case .decimal(let number): return "\(number)"
        case .bool(let value): return "\(value)"
        case .array(let values): return lines("[", values.map { $0.printed(inner) }, "]")
        case .object(let members):
            return lines("{", members.map { Quoting.json($0) + " : " + $1.printed(inner) }, "}")
        }
    }
}
