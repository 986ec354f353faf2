"""Terms of the objective. `TERMS` in `optimization.objective` lists them in the order of summation."""
