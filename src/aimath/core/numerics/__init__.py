"""Arrays, exact and compensated sums, special functions, finite differences."""
