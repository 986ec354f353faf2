"""Networks that paint in one pass: from a photo, or from noise, to a painting."""
