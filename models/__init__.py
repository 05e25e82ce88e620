"""What learns: torch modules, training, batched ensembles."""
