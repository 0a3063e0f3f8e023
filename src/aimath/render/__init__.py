"""From reports to text: one writer a form, and the only place where numbers become text."""
