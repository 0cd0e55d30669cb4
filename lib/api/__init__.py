"""HTTP routes beside the pages, in the same process."""
