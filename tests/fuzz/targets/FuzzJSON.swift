/// Whatever parses must also survive every accessor, and its strings must read back when written.
@Sendable func fuzzJSON(_ bytes: UnsafeRawBufferPointer) throws { visit(try JSON.parse(bytes)) }

private func visit(_ json: JSON) {
    _ = try? json.int(in: Int.min...Int.max)
    _ = try? json.floats(shape: [2, 2])
    _ = try? json.ints(in: 0...Int.max)
    if let string = try? json.string() {
        let back = try? JSON.parse(Quoting.json(string)).string()
        require(back?.utf8.elementsEqual(string.utf8) == true, "a string changed when written and read")
    }
    if let number = try? json.double() { require(number.isFinite, "a number that is not finite") }
    for (key, value) in (try? json.members()) ?? [] {
        require((try? json.required(key)) != nil, "a key that is not found again")
        visit(value)
    }
    for element in (try? json.elements(atMost: 1000)) ?? [] { visit(element) }
}
