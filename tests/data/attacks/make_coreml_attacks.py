"""Writes the hostile Core ML files of `coreml/` and `coreml/index.json`, which says how a reader must refuse each.

Run it after adding a case to a module of `coreml_attacks`: `python3 make_coreml_attacks.py`. An entry of the index is
`[file, code, text]`: the name of the error code and a text that its message must contain. A file is opened as a
model and all its weights are loaded.
"""

import importlib
import shutil

from coreml_attacks.writing import HERE, save_index

shutil.rmtree(HERE, ignore_errors=True)
for kind in ("mil", "blobs", "expansions", "specifications", "networks", "bundles"):
    importlib.import_module(f"coreml_attacks.{kind}")
save_index()
