"""What long runs found, shipped with the package: measured times of every part."""
