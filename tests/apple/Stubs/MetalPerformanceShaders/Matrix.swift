// Linux stand-in for the matrix part of Metal Performance Shaders, declared as Apple's Swift interface is.
@_exported import Metal

/// The stand-in supports every device, unless a test says otherwise.
public func MPSSupportsMTLDevice(_ device: (any MTLDevice)?) -> Bool {
    device != nil && !MetalStub.faults.noPerformanceShaders
}

public struct MPSDataType: RawRepresentable, Equatable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let float32 = MPSDataType(rawValue: 0x1000_0000 | 32)
    public static let float16 = MPSDataType(rawValue: 0x1000_0000 | 16)
}

public class MPSMatrixDescriptor: NSObject {
    public var rows: Int
    public var columns: Int
    public var rowBytes: Int
    public var dataType: MPSDataType

    public init(rows: Int, columns: Int, rowBytes: Int, dataType: MPSDataType) {
        self.rows = rows
        self.columns = columns
        self.rowBytes = rowBytes
        self.dataType = dataType
    }

    /// The stride that Apple recommends; ours is a multiple of 16 bytes.
    public class func rowBytes(forColumns columns: Int, dataType: MPSDataType) -> Int {
        (columns * Int(dataType.rawValue & 0xff) / 8 + 15) / 16 * 16
    }
}

public class MPSMatrix: NSObject {
    public let data: any MTLBuffer
    public let offset: Int
    public let rows: Int
    public let columns: Int
    public let rowBytes: Int
    public let dataType: MPSDataType

    public convenience init(buffer: any MTLBuffer, descriptor: MPSMatrixDescriptor) {
        self.init(buffer: buffer, offset: 0, descriptor: descriptor)
    }

    public init(buffer: any MTLBuffer, offset: Int, descriptor: MPSMatrixDescriptor) {
        precondition(descriptor.dataType == .float32, "the stand-in multiplies float32 only")
        precondition(
            descriptor.rowBytes >= descriptor.columns * 4 && descriptor.rowBytes % 4 == 0, "rowBytes")
        let bytes = (descriptor.rows - 1) * descriptor.rowBytes + descriptor.columns * 4
        precondition(offset >= 0 && buffer.length - offset >= bytes, "the buffer is too short for its matrix")
        data = buffer
        self.offset = offset
        rows = descriptor.rows
        columns = descriptor.columns
        rowBytes = descriptor.rowBytes
        dataType = descriptor.dataType
    }

    func element(_ row: Int, _ column: Int) -> UnsafeMutablePointer<Float> {
        (data.contents() + offset + row * rowBytes + column * 4).assumingMemoryBound(to: Float.self)
    }
}

public class MPSMatrixMultiplication: NSObject {
    private let transposeLeft: Bool
    private let transposeRight: Bool
    private let resultRows: Int
    private let resultColumns: Int
    private let interiorColumns: Int
    private let alpha: Double
    private let beta: Double
    public var leftMatrixOrigin = MTLOrigin()
    public var rightMatrixOrigin = MTLOrigin()
    public var resultMatrixOrigin = MTLOrigin()

    public init(
        device: any MTLDevice, transposeLeft: Bool, transposeRight: Bool, resultRows: Int, resultColumns: Int,
        interiorColumns: Int, alpha: Double, beta: Double
    ) {
        self.transposeLeft = transposeLeft
        self.transposeRight = transposeRight
        self.resultRows = resultRows
        self.resultColumns = resultColumns
        self.interiorColumns = interiorColumns
        self.alpha = alpha
        self.beta = beta
    }

    public convenience init(device: any MTLDevice, resultRows: Int, resultColumns: Int, interiorColumns: Int)
    {
        self.init(
            device: device, transposeLeft: false, transposeRight: false, resultRows: resultRows,
            resultColumns: resultColumns, interiorColumns: interiorColumns, alpha: 1, beta: 0)
    }

    public func encode(
        commandBuffer: any MTLCommandBuffer, leftMatrix: MPSMatrix, rightMatrix: MPSMatrix,
        resultMatrix: MPSMatrix
    ) {
        let (rows, columns, interior) = (resultRows, resultColumns, interiorColumns)
        let (left, right, result) = (leftMatrixOrigin, rightMatrixOrigin, resultMatrixOrigin)
        let (turnLeft, turnRight, alpha, beta) = (transposeLeft, transposeRight, alpha, beta)
        func holds(_ matrix: MPSMatrix, _ origin: MTLOrigin, _ r: Int, _ c: Int) -> Bool {
            matrix.rows >= origin.x + r && matrix.columns >= origin.y + c
        }
        precondition(
            holds(leftMatrix, left, turnLeft ? interior : rows, turnLeft ? rows : interior), "left matrix")
        precondition(
            holds(rightMatrix, right, turnRight ? columns : interior, turnRight ? interior : columns),
            "right matrix")
        precondition(holds(resultMatrix, result, rows, columns), "result matrix")
        MetalStub.append(to: commandBuffer) {
            for i in 0..<rows {
                for j in 0..<columns {
                    var sum = 0.0
                    for k in 0..<interior {
                        let (a, b) = (turnLeft ? (k, i) : (i, k), turnRight ? (j, k) : (k, j))
                        sum +=
                            Double(leftMatrix.element(left.x + a.0, left.y + a.1).pointee)
                            * Double(rightMatrix.element(right.x + b.0, right.y + b.1).pointee)
                    }
                    let y = resultMatrix.element(result.x + i, result.y + j)
                    y.pointee = Float(alpha * sum + (beta == 0 ? 0 : beta * Double(y.pointee)))
                }
            }
            return nil
        }
    }
}
