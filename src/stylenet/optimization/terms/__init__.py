"""The terms of an objective, one module each. `TERMS` in `optimization.objective` lists them in the order in which they are added up."""
