"""Train a detector by a recipe, and make a bundle of the run."""
