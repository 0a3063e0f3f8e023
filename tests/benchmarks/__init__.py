"""What aimath is measured by: speed against its peers, and digits against mpmath. Run by hand."""
