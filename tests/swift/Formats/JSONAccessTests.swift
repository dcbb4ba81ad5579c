import Testing

@testable import Ossicle

@Suite struct JSONAccessTests {
    let root = try! JSON.parse(
        #"{"config":{"hidden_size":8,"name":"x","on":true,"half":0.5,"none":null,"big":9007199254740992},"#
            + #""layers":[{},{"weights":[[1,2,3,4],[1,2,3]],"bias":[1,null],"empty":[]}],"odd key":{"a":"b"}}"#
    )

    func message(_ body: (JSON) throws -> Void) -> String? {
        #expect(throws: OssicleError.self) { try body(root) }?.message
    }

    @Test func values() throws {
        let config = try root.required("config")
        #expect(try config.int("hidden_size", in: 1...4096) == 8)
        #expect(try config.string("name") == "x")
        #expect(try config.bool("on"))
        #expect(try config.double("half") == 0.5)
        #expect(try config.required("half").float() == 0.5)
        #expect(try config.optional("none") == nil)
        #expect(try config.optional("absent") == nil)
        #expect(try config.optional("name")?.string() == "x")
        let layer = try root.required("layers").elements()[1]
        #expect(try layer.required("weights").elements()[0].floats(shape: [4]) == [1, 2, 3, 4])
        #expect(try layer.required("empty").numbers() == [])
        #expect(try layer.required("empty").floats(shape: [0, 3]) == [])
        #expect(try layer.required("weights").count() == 2)
        let matrix = try JSON.parse("[[[1,2],[3,4]],[[5,6],[7,8]]]")
        #expect(try matrix.floats(shape: [2, 2, 2]) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(try JSON.parse("[3,4]").ints(in: 0...4) == [3, 4])
    }

    @Test func errorsNamePathExpectedAndFound() {
        #expect(
            message { _ = try $0.required("config").int("hidden_size", in: 10...12) }
                == "config.hidden_size: expected an integer in 10...12, found the number 8.0")
        #expect(
            message { _ = try $0.required("config").int("half", in: 0...1) }
                == "config.half: expected an integer in 0...1, found the number 0.5")
        #expect(
            message { _ = try $0.required("config").int("big", in: 0...Int.max) }?
                .hasPrefix("config.big: expected an integer") == true)
        #expect(
            message { _ = try $0.required("config").int("x", in: 0...1) }
                == #"config: the key "x" is missing"#)
        #expect(message { _ = try $0.required("nope") } == #"the key "nope" is missing"#)
        #expect(
            message { _ = try $0.required("layers").elements()[1].required("weights").floats(shape: [2, 4]) }
                == "layers[1].weights[1]: expected 4 numbers, found 3")
        #expect(
            message { _ = try $0.required("layers").elements()[1].required("bias").floats() }
                == "layers[1].bias[1]: expected a number, found null")
        #expect(
            message { _ = try $0.required("layers").elements()[1].required("weights").numbers() }
                == "layers[1].weights[0]: expected a number, found an array of 4")
        #expect(
            message { _ = try $0.required("layers").elements(atMost: 1) }
                == "layers: expected at most 1 elements, found 2")
        #expect(
            message { _ = try $0.required("odd key").required("a").bool() }
                == #""odd key".a: expected true or false, found the string "b""#)
        #expect(
            message { _ = try $0.required("config").elements() }
                == "config: expected an array, found an object of 6")
    }

    @Test func floatRange() throws {
        #expect(throws: OssicleError.self) { try JSON.parse("1e39").float() }
        #expect(try JSON.parse("[1e39]").floats() == [.infinity])
    }
}
