"""aimath.commands.calculus"""
