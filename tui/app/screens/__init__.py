"""The screens shown without a configuration."""
