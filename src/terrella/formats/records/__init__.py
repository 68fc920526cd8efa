"""Arrays on disk in chunks of records, read past the page cache."""
