"""aimath.commands.optim"""
