"""Which law does a measured curve follow? Fits that several papers, and a user's own logs, share."""
