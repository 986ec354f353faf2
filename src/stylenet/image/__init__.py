"""Pixels in, pixels out: the one room that knows Pillow, file formats, color profiles and metadata."""
