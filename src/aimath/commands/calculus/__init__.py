"""Commands of calculus."""
