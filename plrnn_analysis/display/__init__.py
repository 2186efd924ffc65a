"""Values in a few words, and results as HTML for notebooks; knows arrays and strings, but no result."""
