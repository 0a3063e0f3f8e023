"""aimath.commands.probability"""
