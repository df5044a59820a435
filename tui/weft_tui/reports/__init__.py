"""Reports on a trace, and on two: the same contents as text, Markdown, HTML and JSON."""
