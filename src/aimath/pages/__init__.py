"""What talks: first screen, help, manual, completion, demos, guide and quiz."""
