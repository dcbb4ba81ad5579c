"""Writes the hostile files of this folder and `index.json`, which says how a reader must refuse each.

Run it in this folder after adding a case: `python3 make_attacks.py`. An entry of the index is
`[file, code, text]`: the name of the error code and a text that its message must contain.
"""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
index = []


def attack(file, data, code, text):
    path = HERE / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    index.append([file, code, text])


def json_attack(name, data, text, code="malformed"):
    attack(f"json/{name}.json", data if isinstance(data, bytes) else data.encode(), code, text)


json_attack("deep_arrays", "[" * 20_000, "nested deeper than 128 levels", "unsupported")
json_attack("deep_objects", '{"a":' * 20_000, "nested deeper than 128 levels", "unsupported")
json_attack("depth_129", "[" * 129 + "]" * 129, "nested deeper than 128 levels", "unsupported")
json_attack(
    "duplicate_key", '{"weights":[1],"weights":[2]}', 'column 16 (byte 15): the key "weights" is there twice'
)
json_attack("duplicate_escaped_key", '{"a":1,"\\u0061":2}', 'the key "a" is there twice')
keys = ",".join(f'"k{i}":0' for i in range(100))
json_attack("duplicate_key_far", "{" + keys + ',"k3":1}', 'the key "k3" is there twice')
json_attack("nan", '{"gain":NaN}', "expected a value, found 'N'")
json_attack("infinity", "[-Infinity]", "expected a digit, found 'I'")
json_attack("number_overflow", "[1e400]", "beyond the range of binary64")
json_attack("number_huge_exponent", "[1e" + "9" * 1000 + "]", "beyond the range of binary64")
json_attack("leading_zero", "[-012]", "expected ',' or ']', found '1'")
json_attack("lone_surrogate", '["\\ud834"]', "lone surrogate")
json_attack("reversed_surrogates", '["\\udd1e\\ud834"]', "lone surrogate")
json_attack("utf8_surrogate", b'["\xed\xa0\x80"]', "invalid UTF-8")
json_attack("utf8_overlong", b'["\xc0\xaf"]', "invalid UTF-8")
json_attack("utf8_beyond", b'["\xf4\x90\x80\x80"]', "invalid UTF-8")
json_attack("utf8_cut", b'["\xe2\x82', "invalid UTF-8")
json_attack("utf16", '{"a":1}'.encode("utf-16"), "expected a value, found byte 0xff")
json_attack("bom", b"\xef\xbb\xbf{}", "expected a value, found byte 0xef")
json_attack("nul_in_string", b'["a\x00b"]', "control character")
json_attack("raw_newline", '{\n"a":"b\nc"}', "line 2, column 7 (byte 8)")
json_attack("trailing", "{} {}", "expected the end of the document, found '{'")
json_attack("empty", "", "expected a value, found the end of the document")
json_attack("cut_string", '{"a', "expected '\"', found the end")
json_attack("cut_escape", '["\\u00', "expected a hexadecimal digit")
json_attack("long_key_twice", '{"' + "x" * 5000 + '":1,"' + "x" * 5000 + '":1}', 'xxxx…" is there twice')


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(begin, end, shape=None, dtype="F32", **more):
    shape = [(end - begin) // 4] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


def st_attack(name, data, text, code="malformed"):
    attack(f"safetensors/{name}.safetensors", data, code, text)


st_attack("empty", b"", "expected 8 bytes of header length")
st_attack("short_length", b"\x02\0\0", "expected 8 bytes of header length")
st_attack("header_huge", safetensors({}, length=2**64 - 1), "over the format's limit of 100000000")
st_attack("header_over_limit", safetensors({}, length=100_000_001), "over the format's limit of 100000000")
st_attack("header_past_end", safetensors({}, length=3), "does not fit the file")
st_attack("header_empty", safetensors(b""), "does not begin with '{'")
st_attack("header_space_first", safetensors(b" {}"), "does not begin with '{'")
st_attack("header_array", safetensors(b"[]"), "does not begin with '{'")
st_attack("header_not_json", safetensors(b'{"a"}'), "header: JSON line 1, column 5 (byte 4)")
st_attack("header_not_utf8", safetensors(b'{"\xff":1}'), "invalid UTF-8")
st_attack("header_nul_padding", safetensors(b"{}\0\0"), "expected the end of the document")
st_attack("header_deep", safetensors(b'{"a":' + b"[" * 5000), "nested deeper", "unsupported")
st_attack(
    "duplicate_tensor",
    safetensors(
        b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        bytes(8),
    ),
    'the key "w" is there twice',
)
st_attack(
    "overlap",
    safetensors({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)),
    'tensor "b": overlaps the tensor before it',
)
st_attack(
    "same_bytes_twice", safetensors({"a": tensor(0, 8), "b": tensor(0, 8)}, bytes(8)), "overlaps the tensor"
)
st_attack(
    "hole", safetensors({"a": tensor(0, 4), "b": tensor(8, 12)}, bytes(12)), 'tensor "b": leaves a hole'
)
st_attack("hole_first", safetensors({"a": tensor(4, 8)}, bytes(8)), 'tensor "a": leaves a hole')
st_attack(
    "polyglot_tail",
    safetensors({"a": tensor(0, 4)}, bytes(4) + b"PK\x03\x04"),
    "4 bytes after the last tensor",
)
st_attack(
    "data_missing", safetensors({"a": tensor(0, 8)}, bytes(7)), 'tensor "a": data_offsets [0, 8] pass the end'
)
st_attack(
    "offsets_reversed",
    safetensors({"a": tensor(4, 0, [1])}, bytes(4)),
    'tensor "a": data_offsets [4, 0] are out',
)
st_attack(
    "offset_negative",
    safetensors({"a": tensor(-4, 0, [1])}, bytes(4)),
    'tensor "a": data_offsets[0]: expected',
)
st_attack(
    "offset_2_63",
    safetensors({"a": tensor(0, 2**63, [1])}, bytes(4)),
    'tensor "a": data_offsets[1]: expected',
)
st_attack(
    "offset_fraction",
    safetensors({"a": tensor(0, 4.5, [1])}, bytes(4)),
    'tensor "a": data_offsets[1]: expected',
)
st_attack(
    "offsets_three",
    safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, bytes(4)),
    'tensor "a": data_offsets: expected at most 2',
)
st_attack(
    "offsets_one",
    safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}, bytes(4)),
    'tensor "a": expected 2 data_offsets, found 1',
)
st_attack("shape_overflow", safetensors({"a": tensor(0, 4, [2**40, 2**40])}, bytes(4)), 'tensor "a": shape')
st_attack("shape_overflow_to_zero", safetensors({"a": tensor(0, 0, [2**32, 2**32])}), "overflows")
st_attack(
    "shape_negative", safetensors({"a": tensor(0, 4, [-1, -1])}, bytes(4)), 'tensor "a": shape[0]: expected'
)
st_attack("shape_string", safetensors({"a": tensor(0, 4, ["1"])}, bytes(4)), "shape[0]: expected an integer")
st_attack("shape_rank", safetensors({"a": tensor(0, 4, [1] * 1000)}, bytes(4)), "shape: expected at most 64")
st_attack(
    "size_mismatch", safetensors({"a": tensor(0, 8, [3])}, bytes(8)), "shape [3] of float32 needs 12 bytes"
)
st_attack(
    "size_misaligned",
    safetensors({"a": tensor(0, 7, [2])}, bytes(7)),
    "needs 8 bytes, data_offsets [0, 7] hold 7",
)
st_attack(
    "dtype_unknown", safetensors({"a": tensor(0, 4, dtype="F31")}, bytes(4)), 'tensor "a": dtype: expected'
)
st_attack(
    "dtype_float8",
    safetensors({"a": tensor(0, 4, [4], "F8_E4M3")}, bytes(4)),
    'tensor "a": dtype F8_E4M3 is not supported',
    "unsupported",
)
st_attack(
    "dtype_number",
    safetensors({"a": tensor(0, 4, dtype=3)}, bytes(4)),
    'tensor "a": dtype: expected a string',
)
st_attack(
    "field_missing", safetensors({"a": {"dtype": "F32", "shape": [1]}}, bytes(4)), '"data_offsets" is missing'
)
st_attack(
    "field_extra", safetensors({"a": tensor(0, 4, stride=[1])}, bytes(4)), "stride: this key is not part"
)
st_attack("tensor_not_object", safetensors({"a": 3}), 'tensor "a": expected an object, found the number 3')
st_attack(
    "metadata_not_string",
    safetensors({"__metadata__": {"epoch": 3}}),
    "__metadata__.epoch: expected a string",
)
st_attack("metadata_not_object", safetensors({"__metadata__": "x"}), "__metadata__: expected an object")
st_attack("name_control", safetensors({"\x1b[2J\n": 3}), 'tensor "\\u001b[2J\\n": expected an object')
st_attack("name_long", safetensors({"n" * 10_000: 3}), 'nnnn…": expected an object')

(HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(e) for e in index) + "\n]\n")
