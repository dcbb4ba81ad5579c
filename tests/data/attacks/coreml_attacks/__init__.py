"""The files of make_coreml_attacks.py, a module for each kind."""
