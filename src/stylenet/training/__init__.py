"""Training of networks for one style, for all styles, for super-resolution and for colorization."""
