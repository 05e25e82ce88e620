"""One module per paper: joins theory and models into curves and claims."""
