"""Reading and writing images: the only package that uses Pillow; file formats, color profiles, metadata."""
