"""The goldens of make_operation_goldens.py, a file for each family of operations."""
