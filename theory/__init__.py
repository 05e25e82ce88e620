"""What is predicted: NumPy/SciPy functions of plain floats and arrays."""
