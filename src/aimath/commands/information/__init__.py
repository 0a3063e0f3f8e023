"""aimath.commands.information"""
