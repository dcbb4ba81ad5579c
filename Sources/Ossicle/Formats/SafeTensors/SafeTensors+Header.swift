extension SafeTensors {
    /// The checked header of a file.
    struct Header {
        var entries: [Entry] = []
        var metadata: [(key: String, value: String)] = []

        init(_ file: UnsafeRawBufferPointer) throws {
            guard file.count >= 8 else {
                throw OssicleError(
                    .malformed, "expected 8 bytes of header length, the file has \(file.count)")
            }
            let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
            guard length <= UInt64(SafeTensors.maxHeaderBytes) else {
                throw OssicleError(
                    .malformed, "header of \(length) bytes is over the format's limit of \(maxHeaderBytes)")
            }
            guard length <= UInt64(file.count - 8) else {
                throw OssicleError(
                    .malformed, "header of \(length) bytes does not fit the file of \(file.count)")
            }
            let dataStart = 8 + Int(length)
            let text = UnsafeRawBufferPointer(rebasing: file[8..<dataStart])
            guard text.first == UInt8(ascii: "{") else {
                throw OssicleError(.malformed, "the header does not begin with '{'")
            }
            let root = try naming("header") { try JSON.parse(text) }
            for (key, member) in try root.members() {
                if key == SafeTensors.metadataKey {
                    metadata = try member.members().map { ($0.key, try $0.value.string()) }
                } else {
                    let name = "tensor \(Quoting.quoted(key))"
                    let fields = JSON(member.value)
                    entries.append(
                        try naming(name) { try Self.entry(key, fields, dataStart, file.count) })
                }
            }
            try checkCoverage(dataStart..<file.count)
        }

        private static func entry(
            _ name: String, _ fields: JSON, _ dataStart: Int, _ fileSize: Int
        ) throws -> Entry {
            for (key, member) in try fields.members() where !["dtype", "shape", "data_offsets"].contains(key)
            {
                throw member.failure("this key is not part of the format")
            }
            let dataType = try Self.dataType(fields.required("dtype"))
            let shape = try fields.required("shape").ints(in: 0...Int.max, atMost: maxRank)
            let offsets = try fields.required("data_offsets").ints(in: 0...Int.max, atMost: 2)
            guard offsets.count == 2 else {
                throw OssicleError(.malformed, "expected 2 data_offsets, found \(offsets.count)")
            }
            guard offsets[0] <= offsets[1] else {
                throw OssicleError(.malformed, "data_offsets \(offsets) are out of order")
            }
            let available = fileSize - dataStart
            guard offsets[1] <= available else {
                throw OssicleError(
                    .malformed, "data_offsets \(offsets) pass the end of the data (\(available) bytes)")
            }
            var needed = dataType.size
            for extent in shape {
                let (product, overflow) = needed.multipliedReportingOverflow(by: extent)
                guard !overflow else { throw OssicleError(.malformed, "shape \(shape) overflows") }
                needed = product
            }
            guard needed == offsets[1] - offsets[0] else {
                throw OssicleError(
                    .malformed,
                    "shape \(shape) of \(dataType) needs \(needed) bytes, data_offsets \(offsets) hold "
                        + "\(offsets[1] - offsets[0])")
            }
            return Entry(
                name: name, dataType: dataType, shape: shape,
                byteRange: (dataStart + offsets[0])..<(dataStart + offsets[1]))
        }

        private static func dataType(_ field: JSON) throws -> DataType {
            let name = try field.string()
            if let known = typeNames.first(where: { $0.name == name }) { return known.type }
            if unsupportedTypes.contains(name) {
                throw OssicleError(.unsupported, "dtype \(name) is not supported")
            }
            throw field.expected("an element type of the format")
        }

        /// Sorted by offset, the tensors must follow each other without hole or overlap from `data`'s first
        /// byte to its last.
        private func checkCoverage(_ data: Range<Int>) throws {
            var end = data.lowerBound
            let sorted = entries.sorted {
                ($0.byteRange.lowerBound, $0.byteRange.upperBound)
                    < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
            }
            for entry in sorted {
                let start = entry.byteRange.lowerBound
                guard start == end else {
                    let what = start < end ? "overlaps the tensor before it" : "leaves a hole before it"
                    throw OssicleError(
                        .malformed,
                        "tensor \(Quoting.quoted(entry.name)): \(what): expected to begin at data byte "
                            + "\(end - data.lowerBound), found \(start - data.lowerBound)")
                }
                end = entry.byteRange.upperBound
            }
            guard end == data.upperBound else {
                throw OssicleError(
                    .malformed, "\(data.upperBound - end) bytes after the last tensor belong to none")
            }
        }
    }
}
