"""What a run leaves: curves, claims, run directories, figures, tracking."""
