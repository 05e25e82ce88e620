"""The cube-root law of softmax with cross-entropy (2602.03685): what learns."""
