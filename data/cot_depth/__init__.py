"""Error against depth of a chain of thought (2606.03217): what is learned from."""
