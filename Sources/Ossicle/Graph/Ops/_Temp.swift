struct PReLU: Operation { var name: String {"prelu"}; func infer(_ i:[ValueType], regions:[Graph]) throws -> [ValueType] {[i[0]]} }
struct Softmax: Operation { var axis: Int; var name: String {"softmax"}; func infer(_ i:[ValueType], regions:[Graph]) throws -> [ValueType] {[i[0]]} }
