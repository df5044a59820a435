"""The `weft` command and its screens."""
