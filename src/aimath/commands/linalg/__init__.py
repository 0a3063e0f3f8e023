"""aimath.commands.linalg"""
