/// Every target by name. Its seeds are tests/fuzz/seeds/NAME and tests/data/attacks/NAME, where there are such.
let fuzzTargets: [String: FuzzTarget] = [
    "json": fuzzJSON,
    "safetensors": fuzzSafeTensors,
    "nam": fuzzNAM,
    "rtneural": fuzzRTNeural,
    "planted-bug": fuzzPlantedBug,
]
