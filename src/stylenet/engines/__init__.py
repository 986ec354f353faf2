"""Engines that paint in one pass without torch: NumPy, and onnxruntime for everything that is convolved."""
