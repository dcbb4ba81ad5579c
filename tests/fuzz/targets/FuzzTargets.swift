/// Every target by name. Its seeds are tests/fuzz/seeds/NAME and tests/data/attacks/NAME, where there are such.
let fuzzTargets: [String: FuzzTarget] = [
    "json": fuzzJSON,
    "safetensors": fuzzSafeTensors,
    "nam": fuzzNAM,
    "hybrid": fuzzHybrid,
    "rtneural": fuzzRTNeural,
    "mil": fuzzMIL,
    "mil-run": fuzzMILRun,
    "mlmodel": fuzzMLModel,
    "coreml-weights": fuzzCoreMLWeights,
    "coreml-data": fuzzCoreMLData,
    "espresso": fuzzEspresso,
    "planted-bug": fuzzPlantedBug,
]
