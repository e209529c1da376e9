"""Layers, wrappers and weights behind the definitions. Its modules import torch; this level does not."""
