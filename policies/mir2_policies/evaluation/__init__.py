"""Playing episodes, measuring them, and writing down what was measured."""
