"""The documentation as HTML pages, made of what aimath prints: `python -m aimath.pages.site FOLDER`."""
