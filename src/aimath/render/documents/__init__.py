"""Documents: Markdown, HTML, LaTeX and SVG."""
