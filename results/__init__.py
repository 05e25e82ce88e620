"""What long runs found, shipped with the package: the reference runs, and the measured times of every part."""
