"""The models of make_generated_models.py, a module for each kind."""
