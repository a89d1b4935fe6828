"""What several machines keep in one place: files by their sha256, and signed packs of records."""
