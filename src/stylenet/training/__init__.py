"""Teach networks: to paint in one style or in all, to sharpen, to color."""
