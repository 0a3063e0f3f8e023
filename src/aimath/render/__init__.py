"""From reports to text."""
