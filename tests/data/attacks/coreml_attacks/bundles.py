"""Packages, bundles, Espresso."""

import json
import struct

from .blobs import FLOATS
from .mil import RELU, program
from .writing import attack, coremldata


def package(name, manifest, text, code="malformed"):
    attack(f"package_{name}.mlpackage", text, code, Manifest_dot_json=manifest)


def manifest(path, root="A"):
    return json.dumps({"itemInfoEntries": {"A": {"path": path}}, "rootModelIdentifier": root})


package("empty", "", "expected a value")
package("deep", "[" * 5000, "nested deeper than", "unsupported")
package("no_root", manifest("m", "B"), "no item has the root model's identifier")
package("up", manifest("../../../etc/hostname"), "is not inside the package")
package("absolute", manifest("/etc/hostname"), "is not inside the package")
package("missing", manifest("nothing.mlmodel"), "cannot open", "io")
attack("bundle_empty.mlmodelc", "expected Manifest.json, model.mil or model.espresso.net", readme="nothing")
attack("bundle_pipeline.mlmodelc", "a pipeline", "unsupported", model0__model_dot_mil="")
for name, data, text, code in [
    ("cut", b"\xf6\x01\0\0\5", "the file ends too early", "malformed"),
    (
        "string",
        struct.pack("<I3QQ", 502, 5, 0, 0, 2**63),
        "a string of 9223372036854775808 bytes",
        "malformed",
    ),
    ("family", coremldata(family=b"special"), 'a model of family "special"', "unsupported"),
    ("version", coremldata(version=2**64 - 1), "no specification version", "malformed"),
    ("description", coremldata(description=b"\x0a\xff"), "ModelDescription at byte", "malformed"),
]:
    attack(f"data_{name}.mlmodelc", text, code, model_dot_mil=program(RELU), coremldata_dot_bin=data)


def espresso(name, text, layers=None, weights=None, storage="w", code="malformed"):
    layers = (
        [{"name": "c", "type": "inner_product", "nB": 2, "nC": 2, "blob_weights": 1}]
        if layers is None
        else layers
    )
    net = json.dumps({"storage": storage, "layers": layers})
    table = struct.pack("<QQQ", 1, 1, 16) + FLOATS if weights is None else weights
    attack(
        f"espresso_{name}.mlmodelc",
        text,
        code,
        model_dot_espresso_dot_net=net,
        w=table,
        coremldata_dot_bin=coremldata(kind=500),
    )


espresso("storage_up", "is no file of the bundle", storage="../w")
espresso("storage_missing", "cannot open", storage="v", code="io")
espresso("table_cut", "no table", weights=b"123")
espresso("table_count", "a weight table of", weights=struct.pack("<Q", 2**60))
espresso("blob_size", "bytes, 16 are left", weights=struct.pack("<QQQ", 1, 1, 2**64 - 1) + FLOATS)
espresso("blob_twice", "occurs twice", weights=struct.pack("<5Q", 2, 1, 0, 1, 0))
espresso("blob_missing", "there is no blob 7", layers=[{"name": "c", "type": "x", "blob_weights": 7}])
espresso("blob_number", "expected an integer", layers=[{"name": "c", "type": "x", "blob_weights": -1}])
espresso(
    "shape",
    "needs 24 bytes, the blob has 16",
    layers=[{"name": "c", "type": "inner_product", "nB": 2, "nC": 3, "blob_weights": 1}],
)
espresso(
    "shape_huge",
    "is not one of at most",
    layers=[
        {
            "name": "c",
            "type": "convolution",
            "C": 1 << 24,
            "K": 1 << 24,
            "Nx": 1 << 24,
            "Ny": 1 << 24,
            "blob_weights": 1,
        }
    ],
)
