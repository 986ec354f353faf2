"""Files on the disk, whatever is in them: written whole, read carefully, hashed. No torch, and no pictures."""
