"""Studies: a matrix of measured migrations, run one after another in the background."""

EXAMPLES = ("lab", "original", "policies", "recipe")  # the plans in examples/
