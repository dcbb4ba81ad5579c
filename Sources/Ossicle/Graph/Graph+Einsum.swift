extension Graph {
    /// NumPy's `einsum` of two values, as transposes, reshapes and one matrix product. Each letter is an axis; letters
    /// of both inputs and the output are the batch, letters of the inputs alone are summed. A batch axis of one element
    /// is as long as the other input's.
    ///
    /// - Throws: `unsupported` for subscripts of another form than `ab,bc->ac` or with a letter twice in one place,
    ///   `shapeMismatch` where one letter has two extents.
    public mutating func einsum(
        _ subscripts: String, _ x: ValueID, _ y: ValueID, name: String = "einsum"
    ) throws -> ValueID {
        let pattern = try EinsumPattern(subscripts, name)
        var extents: [Character: Dim] = [:]
        var spreads = false
        for (letters, id) in [(pattern.x, x), (pattern.y, y)] {
            let shape = type(of: id).shape
            guard letters.count == shape.count else {
                throw OssicleError(
                    .shapeMismatch, "\(name): \(String(letters)) does not name the axes of \(shape.text)")
            }
            for (letter, extent) in zip(letters, shape) {
                if let known = extents[letter], known != extent {
                    guard pattern.batch.contains(letter), [known, extent].contains(.fixed(1)) else {
                        throw OssicleError(.shapeMismatch, "\(name): \(letter) is \(known) and \(extent)")
                    }
                    spreads = true
                    if extent == .fixed(1) { continue }
                }
                extents[letter] = extent
            }
        }
        func product(_ letters: [Character]) -> Dim { letters.map { extents[$0]! }.product }
        // One axis for the batch, or each of its own where the product has to spread some.
        func batch(_ letters: [Character], of id: ValueID) -> [Dim] {
            let shape = type(of: id).shape
            return spreads
                ? pattern.batch.map { shape[letters.firstIndex(of: $0)!] } : [product(pattern.batch)]
        }
        // [batch, rows, terms] · [batch, terms, columns].
        let a = try arranged(
            x, pattern.x, pattern.batch + pattern.rows + pattern.terms,
            as: batch(pattern.x, of: x) + [product(pattern.rows), product(pattern.terms)], "\(name).x")
        let b = try arranged(
            y, pattern.y, pattern.batch + pattern.terms + pattern.columns,
            as: batch(pattern.y, of: y) + [product(pattern.terms), product(pattern.columns)], "\(name).y")
        let z = try apply(MatMul(), a, b, name: "\(name).product")
        let made = pattern.batch + pattern.rows + pattern.columns
        let open = try apply(Reshape(made.map { extents[$0]! }), z, name: "\(name).axes")
        let order = pattern.output.map { made.firstIndex(of: $0)! }
        return order == Array(0..<made.count) ? open : try apply(Transpose(order), open, name: name)
    }

    private mutating func arranged(
        _ value: ValueID, _ letters: [Character], _ order: [Character], as shape: [Dim], _ name: String
    ) throws -> ValueID {
        var value = value
        if letters != order {
            value = try apply(
                Transpose(order.map { letters.firstIndex(of: $0)! }), value, name: "\(name).order")
        }
        return try apply(Reshape(shape), value, name: name)
    }
}

private struct EinsumPattern {
    let x, y, output: [Character]
    let batch, rows, columns, terms: [Character]

    init(_ text: String, _ name: String) throws {
        let error = OssicleError(
            .unsupported,
            "\(name): expected subscripts like ab,bc->ac with each letter once in a place, found \(text)")
        let letters = text.filter { $0 != " " }
        let sides = letters.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, sides[1].first == ">" else { throw error }
        let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
        let output = Array(sides[1].dropFirst())
        guard inputs.count == 2 else { throw error }
        for part in inputs + [output] {
            guard part.allSatisfy({ $0.isASCII && $0.isLetter }), Set(part).count == part.count else {
                throw error
            }
        }
        (x, y, self.output) = (inputs[0], inputs[1], output)
        let (x, y) = (x, y)
        batch = output.filter { x.contains($0) && y.contains($0) }
        rows = output.filter { x.contains($0) && !y.contains($0) }
        columns = output.filter { !x.contains($0) && y.contains($0) }
        terms = x.filter { y.contains($0) && !output.contains($0) }
        // Every letter must have found its role.
        guard batch.count + rows.count + columns.count == output.count,
            batch.count + rows.count + terms.count == x.count,
            batch.count + columns.count + terms.count == y.count
        else { throw error }
    }
}
