"""What turns a paper into a run: contract, catalogue, settings, composition, seeds, runner and sweeps."""
