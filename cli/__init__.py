"""What a person types: Typer commands, thin over the experiments."""
