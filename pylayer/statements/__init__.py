"""What went into an archive, as a document that others can verify."""
