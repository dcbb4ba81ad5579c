#if canImport(Accelerate)
    /// One call of Accelerate that a node could make in a run, for the node's extents at their longest.
    enum AccelerateCall: Equatable {
        /// `rows` vectors of `inputs` features times a matrix: sgemv for one row, sgemm for more.
        case product(rows: Int, inputs: Int, outputs: Int)
        /// A function of every element, in a pass of its own.
        case pass(count: Int)
    }

    /// What is left to Accelerate: the one rule, for every operation.
    ///
    /// A call has to be large enough to pay for itself. Both thresholds are guesses, made without a Mac;
    /// `scripts/verify_macos.sh` prints what they should be.
    struct AccelerateRule: Sendable {
        /// Multiply-adds of a product: some microseconds of one core's vector units, against a call and the way to
        /// the matrix unit.
        var minimumProduct = 1 << 15
        /// Elements of a pass.
        var minimumPass = 1 << 14

        /// Takes every call, however small.
        static let everything = AccelerateRule(minimumProduct: 0, minimumPass: 0)

        func takes(_ call: AccelerateCall) -> Bool {
            switch call {
            case .product(let rows, let inputs, let outputs):
                // BLAS counts in 32 bits.
                guard [rows, inputs, outputs].allSatisfy({ $0 < 1 << 31 }) else { return false }
                let (terms, overflow) = (rows * inputs).multipliedReportingOverflow(by: outputs)
                return overflow || terms >= minimumProduct
            case .pass(let count):
                return count >= minimumPass
            }
        }
    }
#endif
