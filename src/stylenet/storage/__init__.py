"""Files: atomic writing, headers, checksums, checkpoints. Does not use torch."""
