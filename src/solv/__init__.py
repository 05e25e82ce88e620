"""The solvable theory of learning, run: predicted and measured curves side by side."""
