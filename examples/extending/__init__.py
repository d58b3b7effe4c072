"""One complete example for each thing that can be added; docs/extending.md walks through them."""
