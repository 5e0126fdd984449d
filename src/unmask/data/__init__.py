"""Datasets on disk: sources, manifests, and face sets cut from them."""
