"""Reading and writing images: file formats, color profiles, metadata. The only package that uses Pillow."""
