"""What is learned from: task samplers and corpora."""
