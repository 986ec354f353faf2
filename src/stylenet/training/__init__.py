"""Training of networks: for one style, for all styles, for super-resolution, for colorization."""
