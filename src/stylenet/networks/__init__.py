"""Feed-forward networks: from a photo, or from noise, to a painting in one pass."""
